"""What a snippet prints: kept up to a limit, passed on as it comes, and nobody else's."""

import contextlib
import io
import os
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc

from box_support import Reader, box_with
from garbage import ends

from actlet.execution import stdout, truncate_content
from actlet.execution.box import CodeOutput, Printed
from actlet.execution.text import PrintedText


def test_a_long_output_keeps_its_head_and_its_tail():
    box = box_with(max_print_outputs_length=100)
    logs = box.run("for i in range(1000):\n    print(i)").logs
    assert logs.startswith("0\n1\n2\n")
    assert logs.endswith("998\n999\n")
    assert "3790 characters left out" in logs
    assert len(logs) < 160


def test_a_finalizer_may_print_wherever_it_runs():
    """`print` makes objects, so garbage may be collected within it, and its finalizers print."""
    code = """
    import gc
    class Loud:
        def __init__(self):
            self.itself = self
        def __del__(self):
            print("gone")
    gc.set_threshold(1)
    try:
        for number in range(200):
            Loud()
            print("made", number)
    finally:
        gc.set_threshold(700, 10, 10)
        gc.collect()
    """
    output = box_with(additional_authorized_imports=["gc"], timeout_seconds=20).run(textwrap.dedent(code))
    assert output.error is None
    assert (output.logs.count("made"), output.logs.count("gone")) == (200, 200)


def test_writing_may_come_in_the_middle_of_writing():
    """As it does where a finalizer prints; here it is whoever gets the text who prints, once."""
    again = ["gone\n"]
    text = PrintedText(1_000, lambda _: again and text.write(again.pop()))
    text._sent_at = 0.0  # long ago: the text is passed on at once
    assert ends(lambda: text.write("made\n"))
    assert text.text() == "made\ngone\n"


def test_half_characters_are_shown_as_escapes():
    assert box_with().run(r"print('a \ud83d b ü')").logs == "a \\ud83d b ü\n"


def test_print_has_all_of_prints_parameters():
    box = box_with(additional_authorized_imports=["io"])
    assert box.run("print(1, 'a', sep='-', end='!', flush=True)\nprint()").logs == "1-a!\n"
    assert box.run("import io\nb = io.StringIO()\nprint(1, file=b)\nb.getvalue()").output == "1\n"
    assert "sep must be None or a string, not int" in box.run("print(1, sep=2)").error.message
    assert "print() got an unexpected keyword argument 'foo'" in box.run("print(1, foo=2)").error.message


def test_what_goes_to_standard_error_is_the_snippets_too():
    box = box_with(additional_authorized_imports=["sys", "traceback"])
    code = (
        "import sys, traceback\nprint('careful', file=sys.stderr)\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    "
    )
    logs = box.run(code + "traceback.print_exc()").logs
    assert logs.startswith("careful\n")
    assert logs.endswith("ZeroDivisionError: division by zero\n")


def test_a_host_without_a_standard_output_may_print_while_a_snippet_runs():
    with contextlib.redirect_stdout(None):
        stdout.capture(lambda _: None)
        other = threading.Thread(target=lambda: failed.append(caught(lambda: print("lost", flush=True))))
        failed = []
        other.start()
        other.join()
        stdout.release(threading.get_ident())
        assert sys.stdout is None
    assert failed == [None]


def caught(function):
    try:
        function()
    except Exception as error:
        return error


def test_a_child_process_prints_where_its_parent_would():
    stdout.capture(lambda _: None)
    try:
        child = os.fork()
        if child == 0:
            os._exit(isinstance(sys.stdout, stdout._Router) or bool(stdout._writers))
        assert os.waitpid(child, 0)[1] == 0
    finally:
        stdout.release(threading.get_ident())


def test_an_output_at_the_limit_is_whole():
    for length in (99, 100):
        assert box_with(max_print_outputs_length=100).run(f"print('x' * {length}, end='')").logs == "x" * length


def test_an_endless_print_loop_keeps_no_more_than_its_limit():
    box = box_with(timeout_seconds=0.5, max_print_outputs_length=1000)
    tracemalloc.start()
    logs = box.run("while True:\n    print('x' * 1000)").logs
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(logs) < 1100
    assert peak < 3_000_000


def test_printed_text_is_passed_on_while_the_snippet_runs():
    box = box_with()
    reader = Reader(box, "import time\nprint('early')\ntime.sleep(0.3)\nprint('late')")
    started = time.monotonic()
    assert reader.next() == Printed("early\n")
    assert time.monotonic() - started < 0.25
    assert reader.next() == Printed("late\n")
    assert isinstance(reader.next(), CodeOutput)


def test_text_that_follows_at_once_comes_soon_all_the_same():
    box = box_with()
    reader = Reader(box, "import time\nprint('a')\nprint('b')\ntime.sleep(0.5)")
    assert reader.next(0.3) == Printed("a\nb\n")
    reader.output()


def test_a_print_per_line_does_not_cost_an_event_per_line():
    box = box_with()
    slow = "import time\nfor i in range(300):\n    print(i)\n    time.sleep(0.001)"
    reader, events = Reader(box, slow), []
    while not isinstance(event := reader.next(), CodeOutput):
        events.append(event)
    assert "".join(event.text for event in events) == event.logs
    assert 1 < len(events) < 30


def test_what_a_snippet_printed_that_took_no_time_comes_with_its_end():
    reader = Reader(box_with(), "print('all of it')")
    assert reader.next() == CodeOutput(logs="all of it\n", shown=True)


def test_no_more_than_the_limit_is_passed_on():
    sent = []
    text = PrintedText(10, sent.append)
    for _ in range(100):
        text.write("abc")
    text.flush()
    assert "".join(sent) == "abcabcabca"


def test_printed_text_is_kept_exactly_whatever_the_pieces():
    whole = "".join(chr(97 + n % 26) for n in range(1000))
    for size in (1, 3, 7, 50, 999, 1000):
        text = PrintedText(200, len)
        for start in range(0, 1000, size):
            text.write(whole[start : start + size])
        assert text.text() == f"{whole[:100]}\n[... 800 characters left out ...]\n{whole[-100:]}"


def test_what_library_code_prints_on_the_snippets_thread_is_caught():
    box = box_with(additional_authorized_imports=["pprint"])
    assert box.run("import pprint\npprint.pprint({'a': 1})").logs == "{'a': 1}\n"


def test_what_other_threads_print_meanwhile_goes_where_it_went():
    host = io.StringIO()
    with contextlib.redirect_stdout(host):

        def speak() -> str:
            """Prints on the host."""
            print("from the host")
            return "spoken"

        box = box_with(speak)
        output = box.run("print('in'); speak()")
        assert sys.stdout is host
    assert (output.logs, host.getvalue()) == ("in\n", "from the host\n")


def test_standard_output_is_put_back_when_the_last_snippet_ends():
    before = sys.stdout
    boxes = [box_with() for _ in range(4)]
    readers = [Reader(box, "import time\nprint('x')\ntime.sleep(0.02)") for box in boxes]
    for reader in readers:
        reader.output()
    assert sys.stdout is before


def test_prints_of_a_snippets_own_threads_are_its_own():
    box = box_with(additional_authorized_imports=["threading"])
    code = "import threading\nt = threading.Thread(target=print, args=('from a thread',))\nt.start()\nt.join()"
    assert box.run(code).logs == "from a thread\n"


def test_truncate_content_keeps_head_and_tail():
    assert truncate_content("short") == "short"
    cut = truncate_content("a" * 50 + "b" * 50, max_length=20)
    assert cut == "a" * 10 + "\n[... 80 characters left out ...]\n" + "b" * 10


def test_printing_from_many_threads_at_once_loses_nothing():
    text = PrintedText(10_000_000, len)
    threads = [threading.Thread(target=lambda: [text.write("ab") for _ in range(2000)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(text.text()) == 20_000


def test_a_host_that_prints_while_snippets_begin_and_end_does_not_crash():
    program = (
        "import threading, time\n"
        "from actlet import LocalPythonExecutor\n"
        "box, end = LocalPythonExecutor(), time.monotonic() + 1.5\n"
        "def snippets():\n"
        "    while time.monotonic() < end:\n"
        "        box.run('x = 1')\n"
        "thread = threading.Thread(target=snippets)\n"
        "thread.start()\n"
        "while time.monotonic() < end:\n"
        "    print('a', 'b', 'c', 'd')\n"
        "thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert done.returncode == 0
