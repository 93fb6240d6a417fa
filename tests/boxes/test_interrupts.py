"""Interrupts and ends of time at random moments: whatever a snippet does, it ends, and the next one works."""

import random
import threading

import pytest

from actlet.execution.box import CodeOutput
from actlet.execution.by_hand import answered
from actlet.testing import ProcessExecutor
from actlet.testing.conformance import Reading, add, error_of, run

SNIPPETS = [
    "while True: pass",
    "import time\ntime.sleep(60)",
    "for i in range(10**9): print(i)",
    "while True: add(1)",
    "import threading\nthreading.Event().wait()",
    "while True: open('f', 'w').write('x')",
    "import asyncio\nasync def m():\n    while True: await asyncio.gather(add.acall(1), add.acall(2))\nasyncio.run(m())",
    "1 + 1",
]


def end_of(box, code) -> CodeOutput:
    """The snippet's end, with its tools answered; fails if nothing comes for 30 s."""
    reading = Reading(box, code)
    while not isinstance(event := reading._after_text(), CodeOutput):
        box.resume(tuple(answered(box.tools, call) for call in event.calls))
    return event


@pytest.mark.parametrize("seed", range(4))
def test_a_snippet_that_is_stopped_at_any_moment_ends(seed):
    chosen, box = random.Random(seed), ProcessExecutor()
    box.send_tools({"add": add})
    try:
        for _ in range(25):
            code, moment = chosen.choice(SNIPPETS), chosen.choice([0.001, 0.005, 0.02])
            by_time = chosen.random() < 0.5
            box.timeout_seconds = moment if by_time else 30
            timer = threading.Timer(moment, bool if by_time else box.interrupt)
            timer.start()
            output = end_of(box, code)
            timer.join()
            assert output.error is None or output.error.type in ("TimeoutError", "KeyboardInterrupt"), output
            box.timeout_seconds = 30
            assert run(box, "add(1)").output == 3
    finally:
        box.cleanup()


def test_an_interrupt_does_not_break_what_is_being_imported(tmp_path):
    box = ProcessExecutor()
    try:
        box.put_file("slow/__init__.py", "import time\nfrom . import later\ntime.sleep(0.2)\nwhole = True")
        box.put_file("slow/later.py", "")
        reading = Reading(box, "import sys\nsys.path.insert(0, '')\nprint('on')\nimport slow\nwhile True: pass")
        reading.next()
        box.interrupt()
        assert error_of(reading.output()).type == "KeyboardInterrupt"
        assert run(box, "slow.whole").output is True
    finally:
        box.cleanup()


def test_an_interrupt_that_a_finalizer_swallows_comes_again():
    work = "for _ in range(1000): pass"
    code = f"class A:\n    def __del__(self):\n        {work}\nprint('on')\nwhile True:\n    A()\n    {work}"
    box = ProcessExecutor()
    try:
        run(box, "kept = 1")
        reading = Reading(box, code)
        reading.next()
        box.interrupt()
        assert error_of(reading.output()).type == "KeyboardInterrupt"
        assert run(box, "kept").output == 1
    finally:
        box.cleanup()
