"""Who listens to a kernel: whoever waits for it, and nobody while there is nothing to wait for."""

import os
import threading
import time

import pytest

from actlet.errors import BoxError
from actlet.execution.kernel import Limits
from actlet.testing import ProcessExecutor
from actlet.testing.conformance import Reading, add, echo, error_of, run
from actlet.tools.function import tool


@pytest.fixture
def box():
    box = ProcessExecutor()
    box.send_tools({"add": add, "echo": echo})
    yield box
    box.cleanup()


def threads():
    """The threads of this process that aren't parked for whoever needs one next."""
    return [each.name for each in threading.enumerate() if not each.name.startswith("actlet-w")]


def test_an_idle_box_costs_no_thread():
    before, boxes = set(threads()), [ProcessExecutor() for _ in range(4)]
    try:
        assert [run(box, "1 + 1").output for box in boxes] == [2] * 4
        assert set(threads()) <= before
    finally:
        for box in boxes:
            box.cleanup()


def test_by_hand_tools_are_called_where_the_caller_is(box):
    @tool
    def where() -> str:
        """Tells the thread."""
        return threading.current_thread().name

    box.send_tools({"where": where})
    assert box.run("where()").output == threading.current_thread().name


def test_by_hand_an_interrupt_during_a_tool_keeps_the_variables(box):
    @tool
    def slow() -> str:
        """Takes a while, in which somebody interrupts."""
        box.interrupt()
        time.sleep(0.5)
        return "late"

    box.send_tools({"slow": slow})
    box.run("kept = 1")
    assert error_of(box.run("slow()")).type == "KeyboardInterrupt"
    assert box.run("kept").output == 1


def test_a_tool_that_is_called_by_hand_may_use_files(box):
    @tool
    def fetch() -> str:
        """Puts a file where the snippet finds it."""
        box.put_file("fetched.txt", "there")
        return "fetched.txt"

    box.send_tools({"fetch": fetch})
    assert box.run("open(fetch()).read()").output == "there"


def test_a_file_is_put_and_got_while_a_snippet_runs(box):
    reading = Reading(box, "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n'gone'")
    box.put_file("go.first", b"1" * 5_000_000)
    assert len(box.get_file("go.first")) == 5_000_000
    box.put_file("go", b"")
    assert reading.output().output == "gone"


def test_who_waits_for_a_file_of_a_box_that_is_closed_is_told(box):
    run(box, "import os, signal")
    Reading(box, "os.kill(os.getpid(), signal.SIGSTOP)")
    threading.Timer(0.3, box.cleanup).start()
    with pytest.raises(BoxError, match="any"):
        box.get_file("any.txt")


@pytest.mark.parametrize("way", ["submit", "run"])
def test_a_kernel_that_dies_between_two_snippets_is_told_of_in_the_next(box, way):
    first = run(box, "lost = 1\nimport os\nos.getpid()").output
    os.kill(first, 9)
    box._process.wait()
    output = run(box, "add(1)") if way == "submit" else box.run("add(1)")
    assert output.output == 3
    assert "ended between two snippets" in output.logs
    assert "lost" in output.logs


def test_threads_that_print_between_two_snippets_harm_nobody(box):
    code = "import threading, time\ndef talk():\n    while True: print('x' * 1000); time.sleep(0.0005)\n"
    run(box, f"{code}threading.Thread(target=talk, daemon=True).start()")
    for _ in range(3):
        time.sleep(0.2)
        assert run(box, "add(1)").output == 3


def test_much_text_fits_in_messages_of_any_limit():
    box = ProcessExecutor(limits=Limits(header=50_000), max_print_outputs_length=300_000)
    try:
        output = run(box, "print('\\U0001F600' * 100_000)")
        assert (output.error, output.logs) == (None, "\U0001f600" * 100_000 + "\n")
    finally:
        box.cleanup()
