"""Many boxes with something to run: a few at once, and nobody waits for one that takes long."""

from __future__ import annotations

import sqlite3
import threading
import time

from box_support import Reader, box_with

from actlet import LocalPythonExecutor
from actlet.execution.turns import Turns


def test_no_more_begin_at_once_than_there_are_places() -> None:
    turns, begun = Turns(places=2, patience=60), []
    for who in "abcd":
        turns.enter(who, lambda who=who: begun.append(who))
    assert begun == ["a", "b"]
    turns.leave("a")
    assert begun == ["a", "b", "c"]
    turns.leave("b")
    turns.leave("b")  # twice is once
    assert begun == ["a", "b", "c", "d"]


def test_one_that_takes_long_keeps_nobody_waiting() -> None:
    turns, begun = Turns(places=1, patience=0.01), threading.Event()
    turns.enter("slow", lambda: None)
    turns.enter("next", begun.set)
    assert begun.wait(5)


def test_boxes_whose_snippets_block_do_not_hold_up_others() -> None:
    blocked = [Reader(box_with(), "import time\ntime.sleep(0.4)") for _ in range(20)]
    started = time.monotonic()
    assert box_with().run("1 + 1").output == 2
    assert time.monotonic() - started < 0.35
    for reader in blocked:
        reader.output()


def test_a_snippet_that_is_interrupted_before_its_turn_ends_without_running() -> None:
    blocked = [Reader(box_with(), "import time\ntime.sleep(0.2)") for _ in range(4)]
    box = box_with()
    reader = Reader(box, "ran = True")
    box.interrupt()
    output = reader.output()
    if output.error is None:  # its turn had come by then
        assert box.state["ran"]
    else:
        assert output.error.type == "KeyboardInterrupt"
    for each in blocked:
        each.output()
    assert box.run("'ran' in dir()").error is None


def test_a_box_with_imports_keeps_its_thread() -> None:
    box = LocalPythonExecutor(["sqlite3"])
    box.run("import sqlite3\ndb = sqlite3.connect(':memory:')")
    for _ in range(5):
        others = [Reader(LocalPythonExecutor(), "x = 1") for _ in range(5)]
        for other in others:
            other.output()
        assert box.run("db.execute('select 1').fetchone()").output == (1,)
    assert sqlite3.sqlite_version
