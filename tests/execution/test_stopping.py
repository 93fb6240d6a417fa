"""A snippet's time limit and its interruption: on time, whatever it does, with nothing left spinning."""

import subprocess
import sys
import textwrap
import time

import pytest
from box_support import Reader, box_with

LOOPS = {
    "endless": "while True:\n    pass",
    "catches everything": "while True:\n    try:\n        while True: n += 1\n    except BaseException: pass",
    "bare except": "while True:\n    try:\n        while True: n += 1\n    except:\n        n = 0",
    "goes on in finally": "while True:\n    try:\n        while True: n += 1\n    finally:\n        continue",
    "recursion": "def f():\n    try:\n        while True: sum(range(9))\n    except:\n        f()\nf()",
    "comprehension": "while True:\n    try:\n        [i for i in range(9999)]\n    except:\n        pass",
    "generator": "def g():\n    while True:\n        try:\n            yield 1\n        except:\n"
    "            pass\nfor x in g():\n    pass",
    "sorts": "while True:\n    sorted(range(1000), key=lambda x: -x)",
}

SPIN = "def spin():\n    while True: sum(range(9))\n"


def spinning() -> float:
    """Seconds of processor time that this process used in a tenth of a second in which it should be idle."""
    before = time.process_time()
    time.sleep(0.1)
    return time.process_time() - before


# A generator that is closed while its thread is forced to end is reported by Python as an error that was ignored.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_loop_is_stopped_on_time_and_the_variables_are_kept(loop):
    box = box_with(timeout_seconds=0.2)
    started = time.monotonic()
    output = box.run(f"n = 7\nprint('begun')\n{loop}")
    assert time.monotonic() - started < 0.8
    assert (output.error.type, output.logs) == ("TimeoutError", "begun\n")
    assert "exceeded the maximum execution time of 0.2 seconds" in output.error.message
    assert output.error.line >= 3
    assert box.run("n >= 0").output is True
    assert spinning() < 0.05
    box.cleanup()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_finalizer_that_never_ends_holds_up_no_other_session():
    box = box_with(timeout_seconds=0.2)
    box.run("class Held:\n    def __del__(self):\n        while True: pass\nheld = Held()\n1")
    started = time.monotonic()
    box.reset()
    assert box.run("1 + 1").output == 2
    assert time.monotonic() - started < 0.8
    time.sleep(1)
    assert spinning() < 0.05


def test_a_snippet_that_sleeps_in_c_is_given_up_on_time():
    box = box_with(timeout_seconds=0.1)
    started = time.monotonic()
    output = box.run("import time\nx = 1\ntime.sleep(1.5)\nx = 2")
    assert time.monotonic() - started < 0.8
    assert (output.error.type, output.error.line) == ("TimeoutError", 3)
    assert box.run("x").output == 1
    time.sleep(1.2)
    assert box.run("x").output == 1


def test_code_that_is_cleaning_up_is_given_its_time():
    box = box_with(timeout_seconds=0.1)
    box.run(f"{SPIN}try:\n    spin()\nfinally:\n    tidy = True")
    assert box.run("tidy").output is True


def test_the_time_that_tools_take_does_not_count():
    def slow() -> str:
        """Takes its time."""
        time.sleep(0.3)
        return "done"

    box = box_with(slow, timeout_seconds=0.2)
    assert box.run("slow() + slow()").output == "donedone"


def test_the_time_before_and_after_a_tool_call_is_added_up():
    def quick() -> int:
        """Returns at once."""
        return 1

    box = box_with(quick, additional_authorized_imports=["time"], timeout_seconds=0.3)
    output = box.run("import time\nfor _ in range(20):\n    quick()\n    time.sleep(0.05)")
    assert output.error.type == "TimeoutError"


def test_no_limit_is_no_limit():
    box = box_with(timeout_seconds=None)
    assert box.run("import time\ntime.sleep(0.05)\n1").output == 1


def test_a_slow_parse_or_a_slow_repr_counts_too():
    box = box_with(timeout_seconds=0.2)
    code = "class Slow:\n    def __repr__(self):\n        while True:\n            pass\nSlow()"
    assert box.run(code).error.type == "TimeoutError"
    assert (
        box.run("class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()").error
        is not None
    )


def test_an_interrupt_is_a_keyboard_interrupt_inside():
    box = box_with()
    reader = Reader(
        box, f"{SPIN}log = []\ntry:\n    spin()\nexcept KeyboardInterrupt:\n    log.append('told')\n    raise"
    )
    time.sleep(0.05)
    started = time.monotonic()
    box.interrupt()
    output = reader.output()
    assert time.monotonic() - started < 0.5
    assert output.error.type == "KeyboardInterrupt"
    assert box.run("log").output == ["told"]


def test_an_interrupt_that_is_caught_becomes_force():
    box = box_with(timeout_seconds=None)
    reader = Reader(
        box, "while True:\n    try:\n        while True: sum(range(9))\n    except BaseException:\n        pass"
    )
    time.sleep(0.05)
    started = time.monotonic()
    box.interrupt()
    box.interrupt()
    assert reader.output().error.type == "KeyboardInterrupt"
    assert time.monotonic() - started < 2


def test_an_interrupt_ends_a_snippet_that_waits_for_a_tool():
    def ask() -> str:
        """Asks."""

    box = box_with(ask)
    reader = Reader(box, "x = 1\nask()\nx = 2")
    reader.wait()
    box.interrupt()
    assert reader.output().error.type == "KeyboardInterrupt"
    reader.answer("too late")
    assert box.run("x").output == 1


def test_interrupting_an_idle_box_does_nothing():
    box = box_with()
    box.run("x = 1")
    box.interrupt()
    assert box.run("x").output == 1


def test_a_caller_that_is_interrupted_stops_its_snippet():
    def stop() -> None:
        """Ends the host's wait as Ctrl-C would."""
        raise KeyboardInterrupt

    box = box_with(stop)
    with pytest.raises(KeyboardInterrupt):
        box.run("stop()")
    deadline = time.monotonic() + 3
    while box._running is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert box.run("'ready'").output == "ready"


def test_exactly_one_end_is_delivered_when_the_time_is_up_as_the_snippet_ends():
    box = box_with(timeout_seconds=0.01)
    for _ in range(30):
        reader = Reader(box, "import time\ntime.sleep(0.0099)\n'end'")
        reader.output()
        time.sleep(0.005)
        assert reader.inbox.empty()


def test_stopping_many_snippets_leaves_no_trace_function_and_no_thread_that_spins():
    boxes = [box_with(timeout_seconds=0.2) for _ in range(8)]
    readers = [Reader(box, LOOPS["catches everything"].replace("n += 1", "1")) for box in boxes]
    assert {reader.output().error.type for reader in readers} == {"TimeoutError"}
    assert sys.gettrace() is None or "coverage" in sys.modules
    assert spinning() < 0.05


def test_many_that_sleep_through_being_forced_leave_the_process_alive():
    """CPython calls a trace function with an object that it doesn't hold while another one takes its place."""
    program = """
        import os, threading, time
        from actlet import LocalPythonExecutor

        def run(number):
            box = LocalPythonExecutor(["time"], timeout_seconds=0.05)
            output = box.run(f"import time\\ntime.sleep({2 + number * 0.01})")
            assert output.error.type == "TimeoutError"
            boxes.append(box)

        boxes = []
        for number in range(40):
            threading.Thread(target=run, args=(number,)).start()
        end = time.monotonic() + 3.5
        while time.monotonic() < end or len(boxes) < 40:
            os.environ.get("HOME"), [each for each in range(5)]
        print(len(boxes))
        """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "40\n"), done.stderr
