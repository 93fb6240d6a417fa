"""stdout holds the answer and nothing else, whatever the streams are that the command is started with."""

import json
import os
import pty
import select
import subprocess

import pytest
from command_support import code

ACTING = "\x1b]0;owned\x07\x1b[31mred\u202e\x9b"
NOISY = """
print("at the top")

def add(a: int, b: int) -> int:
    "Adds."
    print("inside")
    return a + b
"""


@pytest.fixture
def actlet(actlet):
    del actlet.env["PYTHONUNBUFFERED"]  # with it, nothing is left to be written when Python ends
    return actlet


def on_a_terminal(actlet, *arguments):
    """What the command writes to a terminal that is its stdout."""
    mine, other = pty.openpty()
    process = actlet.start(*arguments, stdout=other, stderr=subprocess.DEVNULL)
    process.stdin.close()
    os.close(other)
    seen = b""
    while select.select([mine], [], [], 60)[0]:
        try:
            seen += os.read(mine, 4096)
        except OSError:  # the terminal's other end was closed
            break
    os.close(mine)
    return process.wait(60), seen.decode()


def with_broken(actlet, stream, *arguments):
    """The command with a stream that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    process = actlet.start(*arguments, **{stream: writer})
    os.close(writer)
    out, err = process.communicate("", timeout=60)
    return process.returncode, out, err


def with_closed(actlet, number, *arguments):
    """The command without one of its three streams."""
    process = actlet.start(*arguments, preexec_fn=lambda: os.close(number))
    out, err = process.communicate("", timeout=60)
    return process.returncode, out, err


def test_an_answer_cannot_act_on_a_terminal(actlet, serve):
    _, model = serve(code(f"final_answer({ACTING!r})"))
    ended, seen = on_a_terminal(actlet, "run", *model, "Go.")
    assert (ended, seen) == (0, "\\x1b]0;owned\\x07\\x1b[31mred\\u202e\\x9b\r\n")


def test_an_answer_in_json_cannot_act_on_a_terminal_and_stays_what_it_is(actlet, serve):
    _, model = serve(code(f"final_answer([{ACTING!r}, '\\x7f ü'])"))
    ended, seen = on_a_terminal(actlet, "run", *model, "Go.")
    assert (ended, json.loads(seen)) == (0, [ACTING, "\x7f ü"])
    assert all(character.isprintable() for character in seen.rstrip())
    assert "ü" in seen


def test_an_answer_goes_into_a_file_as_it_is(actlet, serve):
    _, model = serve(code(f"final_answer({ACTING!r})"))
    assert actlet("run", *model, "Go.").stdout == f"{ACTING}\n"


@pytest.mark.parametrize(
    "command", [("--help",), ("run", "--help"), ("demo",), ("doctor", "--json"), ("--version",)]
)
def test_nobody_reading_stdout_is_no_surprise(actlet, command):
    returned, _, err = with_broken(actlet, "stdout", *command)
    assert returned == 1
    assert "BrokenPipe" not in err
    assert "Traceback" not in err


def test_nobody_reading_the_answer_ends_with_exit_code_1(actlet, serve):
    _, model = serve(code("final_answer(1)"))
    returned, _, err = with_broken(actlet, "stdout", "run", *model, "-q", "Go.")
    assert (returned, err) == (1, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_answer_that_cannot_be_written_is_told(actlet, serve):
    _, model = serve(code("final_answer(1)"))
    with open("/dev/full", "w") as full:
        process = actlet.start("run", *model, "-q", "Go.", stdout=full)
        _, err = process.communicate("", timeout=60)
    assert process.returncode == 1
    assert err.startswith("actlet: stdout could not be written: ")
    assert "No space left" in err
    assert err.count("\n") == 1


def test_the_answer_comes_though_nobody_reads_stderr(actlet, serve):
    _, model = serve(code("print('half way')"), code("final_answer(6 * 7)"))
    returned, out, _ = with_broken(actlet, "stderr", "run", *model, "Go.")
    assert (returned, out) == (0, "42\n")


def test_without_stderr_nothing_more_goes_to_stdout(actlet, serve):
    _, model = serve(code("final_answer(6 * 7)"))
    assert with_closed(actlet, 2, "run", *model, "Go.")[:2] == (0, "42\n")
    assert with_closed(actlet, 2, "run", *model, " ")[:2] == (2, "")


@pytest.mark.parametrize(("command", "ended"), [(("run", "-"), 2), (("chat",), 0)])
def test_without_stdin_there_is_nothing_to_read(actlet, serve, command, ended):
    _, model = serve("never asked")
    returned, out, err = with_closed(actlet, 0, *command, *model)
    assert (returned, out) == (ended, "")
    assert "Traceback" not in err


def test_without_stdout_the_answer_goes_nowhere(actlet, serve):
    _, model = serve(code("final_answer(6 * 7)"))
    returned, _, err = with_closed(actlet, 1, "run", *model, "-q", "Go.")
    assert (returned, err) == (0, "")


@pytest.mark.parametrize("box", ["sandbox", "local"])
def test_what_a_tool_and_its_module_print_goes_to_stderr(actlet, serve, tmp_path, box):
    (tmp_path / "shop.py").write_text(NOISY)
    _, model = serve(code("import sys\nsys.stdout.write('by hand')\nfinal_answer(add(40, 2))"))
    done = actlet("run", *model, "--executor", box, "--imports", "sys", "--tools", "shop.py:add", "Go.")
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
    assert "at the top" in done.stderr
    assert "inside" in done.stderr


def test_a_question_to_the_user_goes_to_stderr(actlet, serve):
    _, model = serve(code("final_answer(user_input('Which \\x1b[31mone?'))"))
    done = actlet("run", *model, "--tools", "user_input", "Ask.", text="the red one\n")
    assert (done.returncode, done.stdout) == (0, "the red one\n")
    assert "Which \\x1b[31mone? => Type your answer here:" in done.stderr
    assert "\x1b" not in done.stderr
