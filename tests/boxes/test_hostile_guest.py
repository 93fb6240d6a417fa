"""A guest that forges messages: an error of the guest, on time, and the next snippet works."""

import gc
import json
import os
import time
import weakref

import pytest

from actlet.testing import ProcessExecutor
from actlet.testing.conformance import Reading, add, echo, error_of, run
from actlet.toolbox.final_answer import FinalAnswerTool

FORGE = """
import os, stat
def forge(data):
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd < 3:
            continue
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                os.write(fd, data)
        except OSError:
            pass
def frame(text):
    import re
    if isinstance(text, str):  # a snippet's number can't be guessed; the kernel that it shares a process with knows it
        text = re.sub(r'"n": 1\\b', f'"n": {add._guest._snippet}', text)
    data = text.encode() if isinstance(text, str) else text
    return len(data).to_bytes(4, "big") + data
"""

FORGED = {
    "list": "[]", "number": "5", "nothing": "{}", "unknown": '{"is": "format the disk"}', "ready again": '{"is": "ready"}',
    "digits": '{"is": "done", "n": 1, "value": ' + "9" * 6000 + "}", "deep": "[" * 100_000,
    "no end": '{"is": "done", "n": 1}', "another end": '{"is": "done", "n": 99, "value": 1}',
    "pickle": b"\x80\x04cos\nsystem\n(S'touch /tmp/hacked'\ntR.",
}  # fmt: skip


@pytest.fixture
def box():
    box = ProcessExecutor(timeout_seconds=3)
    box.send_tools({"add": add, "echo": echo, "final_answer": FinalAnswerTool()})
    yield box
    box.cleanup()


def attack(box, code):
    return run(box, FORGE + code)


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
def test_a_forged_frame_is_the_guests_own_fault(box, text):
    code = f"import sys\nforge(frame({text!r}))\nimport time\ntime.sleep(1)"
    began = time.monotonic()
    error = error_of(attack(box, code))
    assert error.type == "BoxError"
    assert "broke the protocol" in error.message
    assert time.monotonic() - began < 3
    assert run(box, "add(1)").output == 3


def done(**fields):
    message = {
        "is": "done",
        "n": 1,
        "value": 1,
        "shown": True,
        "text": "1",
        "final": False,
        "error": None,
        "changed": [],
        "files": [],
        "printed": "",
    }
    return json.dumps({**message, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"value": {"a": 1}}, {"value": ["own", 12]}, {"value": ["path", 1]}, {"shown": 1}, {"final": "yes"}, {"text": 5},
        {"changed": "abc"}, {"changed": [1]}, {"changed": None}, {"printed": None}, {"error": "x"}, {"error": [1, 2, 3, 4, 5]}, {"error": []},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_end_of_the_wrong_shape_is_the_guests_own_fault(box, fields):
    error = error_of(attack(box, f"forge(frame({done(**fields)!r}))\nimport time\ntime.sleep(1)"))
    assert "broke the protocol" in error.message
    assert run(box, "add(1)").output == 3


def test_a_forged_final_answer_harms_only_its_own_run(box):
    box.send_tools({"add": add})
    error = error_of(attack(box, f"forge(frame({done(final=True)!r}))\nimport time\ntime.sleep(1)"))
    assert "final answer" in error.message


def test_two_ends_of_one_snippet_leave_the_next_one_alone(box):
    for _ in range(20):
        assert attack(box, f"forge(frame({done(value=7)!r}))").output == 7
        assert run(box, "add(1)").output == 3


def test_an_end_that_is_sent_ahead_is_not_that_of_the_next_snippet(box):
    ahead = "".join(f"forge(frame({done(value=7)!r}.replace('\"n\": 1', '\"n\": {n}')))\n" for n in (0, 2, 3, 4))
    assert "broke the protocol" in error_of(attack(box, ahead + "import time\ntime.sleep(1)")).message
    later = (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.3), forge(frame(AHEAD)))).start()"
    )
    attack(box, f"AHEAD = {done(value=7)!r}\n{later}")
    time.sleep(0.6)
    assert run(box, "add(1)").output == 3


def test_an_error_of_that_name_is_no_final_answer(box):
    output = run(box, "class FinalAnswer(BaseException): pass\nraise FinalAnswer('FORGED')")
    assert (output.is_final_answer, error_of(output).type) == (False, "FinalAnswer")


@pytest.mark.parametrize("name", ["forbidden", "add.__dict__", "__class__", "", "add\\0"])
def test_a_tool_that_is_not_offered_cannot_be_called(box, name):
    call = json.dumps({"is": "calls", "n": 1, "calls": [[900, name, ["list"], ["dict"]]]})
    output = attack(box, f"forge(frame({call!r}))\nadd(1)")
    assert output.output == 3


@pytest.mark.parametrize(
    "calls", [5, [5], [[1]], [["1", "add", ["list"], ["dict"]]], [[1, "add", ["dict"], ["list"]]], [[1, 2, ["list"], ["dict"]]],
              [[700, "add", ["list", 1], ["dict"]], [700, "add", ["list", 1], ["dict"]]]], ids=str)  # fmt: skip
def test_a_forged_call_of_the_wrong_shape_is_the_guests_own_fault(box, calls):
    call = json.dumps({"is": "calls", "n": 1, "calls": calls})
    assert error_of(attack(box, f"forge(frame({call!r}))\nimport time\ntime.sleep(1)")).type == "BoxError"
    assert run(box, "add(1)").output == 3


def test_a_header_of_four_gigabytes_ends_the_kernel(box):
    assert (
        "the limit is"
        in error_of(attack(box, "forge(b'\\xff\\xff\\xff\\xff')\nimport time\ntime.sleep(1)")).message
    )


def test_a_frame_that_never_ends_is_ended_by_the_time_limit(box):
    code = "import time\nforge((10_000_000).to_bytes(4, 'big'))\nwhile True:\n    forge(b' ' * 1000)\n    time.sleep(0.02)"
    began = time.monotonic()
    assert error_of(attack(box, code)).type == "TimeoutError"
    assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)",
        "import os, time\nfor fd in range(1024):\n    try: os.close(fd)\n    except OSError: pass\ntime.sleep(60)",
        "import time\nclass E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()",
        "class R:\n    def __repr__(self):\n        while True: pass\nR()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\n1 / 0",
        "import os\nos.kill(os.getpid(), 9)",
        "import os\nos.abort()",
        "int('9' * 4000) ** 10 ** 7",
    ],
)
def test_the_host_goes_on_whatever_the_guest_does(box, code):
    began = time.monotonic()
    assert run(box, code).error is not None
    assert time.monotonic() - began < 6
    box.interrupt()
    assert run(box, "add(1)").output == 3


def test_a_stopped_guest_that_is_sent_much_holds_up_nobody(box):
    Reading(box, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")
    time.sleep(0.3)
    began = time.monotonic()
    box._link.send({"is": "variables", "values": ["text", 0]}, [b"x" * 50_000_000])
    assert time.monotonic() - began < 0.5


def test_a_child_that_was_forked_says_nothing(box):
    assert run(box, "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: print('child')\n5").error is None
    assert run(box, "add(1)").output == 3


def test_what_the_guests_c_code_prints_is_printed(box):
    assert (
        run(box, "import os\nos.write(1, b'raw')\nos.write(2, b' err')\nos.system('echo child')").logs
        == "raw errchild\n"
    )


def test_a_value_that_is_too_large_is_named_with_its_size():
    from actlet.execution.kernel import Limits

    box = ProcessExecutor(limits=Limits(message=1_000_000))
    box.send_tools({"final_answer": FinalAnswerTool(), "echo": echo})
    try:
        error = error_of(run(box, "final_answer(b'a' * 2_000_000)"))
        assert "too large to send: 20" in error.message
        assert "1000000" in error.message
        assert run(box, "b'a' * 2_000_000").error is None
        assert error_of(run(box, "echo(b'a' * 2_000_000)")).type == "ValueError"
        box.send_variables({"big": b"a" * 2_000_000})
        assert "'big'" in error_of(run(box, "1")).message
    finally:
        box.cleanup()


def test_nothing_of_a_box_that_is_forgotten_is_left():
    box = ProcessExecutor()
    run(box, "1")
    pid, gone = box._process.pid, weakref.ref(box)
    del box
    gc.collect()
    assert gone() is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_kernel_that_does_not_start_is_an_error_with_the_reason():
    for python in ("/bin/false", "/does/not/exist"):
        error = error_of(run(ProcessExecutor(python=python), "1"))
        assert (error.type, "start" in error.message) == ("BoxError", True)
