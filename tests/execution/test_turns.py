"""Many boxes with something to run: a few at once, and nobody waits for one that takes long."""

from __future__ import annotations

import sqlite3
import threading
import time

from box_support import Reader, box_with

from actlet import LocalPythonExecutor, threads
from actlet.execution import local
from actlet.turns import Turns


class Begun:
    """A job that notes when it begins."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()

    def begin(self) -> bool:
        self.has_begun.set()
        return True


class Stopped:
    """One that was stopped while it waited."""

    def begin(self) -> bool:
        return False


class Failing:
    """One that can't begin."""

    def begin(self) -> bool:
        raise MemoryError


def begun(jobs: list[Begun]) -> int:
    return sum(job.has_begun.is_set() for job in jobs)


def entered(turns: Turns, count: int) -> list[Begun]:
    jobs = [Begun() for _ in range(count)]
    for job in jobs:
        turns.enter(job)
    return jobs


def test_no_more_begin_at_once_than_there_are_places() -> None:
    turns = Turns(places=2, patience=60)
    first, second, third, fourth = jobs = entered(turns, 4)
    assert begun(jobs) == 2
    turns.leave(first)
    assert third.has_begun.is_set()
    assert not fourth.has_begun.is_set()
    turns.leave(second)
    turns.leave(second)  # twice is once
    assert begun(jobs) == 4


def test_one_that_takes_long_keeps_nobody_waiting() -> None:
    slow, following = entered(Turns(places=1, patience=0.01), 2)
    assert slow.has_begun.is_set()
    assert following.has_begun.wait(5)


def test_where_none_comes_to_an_end_ever_more_are_let_in() -> None:
    turns = Turns(places=1, patience=60)
    jobs = entered(turns, 12)
    counts = []
    while begun(jobs) < len(jobs):
        counts.append(begun(jobs))
        long_ago(turns)
        turns.look()
    assert counts == [1, 3, 7]


def test_where_one_came_to_its_end_it_starts_again_with_a_few() -> None:
    turns = Turns(places=1, patience=60)
    jobs = entered(turns, 30)
    for _ in range(2):
        long_ago(turns)
        turns.look()
    assert begun(jobs) == 7
    turns.leave(jobs[6])  # one that was let in a moment ago
    assert begun(jobs) == 8
    long_ago(turns)
    turns.look()
    assert begun(jobs) == 9


def test_any_number_of_stopped_ones_is_passed_over() -> None:
    turns = Turns(places=1, patience=60)
    (first,) = entered(turns, 1)
    for _ in range(5_000):
        turns.enter(Stopped())
    last = Begun()
    turns.enter(last)
    turns.leave(first)
    assert last.has_begun.is_set()


def test_one_that_fails_holds_up_nobody_else(monkeypatch) -> None:
    told = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    turns = Turns(places=1, patience=60)
    (first,) = entered(turns, 1)
    turns.enter(Failing())
    last = Begun()
    turns.enter(last)
    turns.leave(first)
    assert last.has_begun.is_set()
    assert [each.exc_type for each in told] == [MemoryError]


def long_ago(turns: Turns) -> None:
    """All that are inside have been there for longer than their time."""
    turns._inside = dict.fromkeys(turns._inside, -1e9)


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


def test_where_no_thread_can_be_had_a_snippet_says_so(monkeypatch) -> None:
    def refuse(_):
        raise RuntimeError("can't start new thread")

    box = box_with()
    with monkeypatch.context() as patched:
        patched.setattr(threads, "_idle", [])
        patched.setattr(threading.Thread, "start", refuse)
        error = Reader(box, "1 + 1").output().error
    assert error is not None
    assert (error.type, error.message, error.fatal) == ("RuntimeError", "can't start new thread", True)
    assert box.run("1 + 1").output == 2


def test_whoever_is_stopped_does_not_stop_who_had_the_thread_before() -> None:
    first, second, told, ended = box_with(), box_with(), [], threading.Event()

    def deliver(event) -> None:
        ended.set()
        for _ in range(20):
            time.sleep(0.01)
        told.append(event)

    first.submit("1 + 1", deliver)
    assert ended.wait(5)
    reader = Reader(second, "2 + 2")
    second.interrupt()
    assert reader.output() is not None
    deadline = time.monotonic() + 5
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [event.output for event in told] == [2]


def test_one_that_is_stopped_while_it_waits_leaves_the_output_of_others_alone(monkeypatch) -> None:
    monkeypatch.setattr(local, "snippets", Turns(places=1, patience=60))
    begun, going_on = threading.Event(), threading.Event()

    def library() -> None:
        begun.set()
        going_on.wait(5)
        print("from a library")

    first, second = box_with(), LocalPythonExecutor(additional_functions={"library": library})
    first.run("1 + 1")  # in the thread that the second box gets now
    reader = Reader(second, "library()")
    assert begun.wait(5)
    waiting = Reader(first, "1 + 1")
    first.interrupt()
    assert waiting.output().error.type == "KeyboardInterrupt"
    going_on.set()
    assert reader.output().logs == "from a library\n"
