import json
import os
import pty
import re
import select
import signal
import time

import pytest
from command_support import code
from openai_server import Answer


def test_a_conversation_remembers_what_was_said_and_what_was_defined(actlet, serve):
    server, model = serve(code("x = 20\nfinal_answer('noted')"), code("final_answer(x + 1)"))
    done = actlet("chat", *model, text="Remember 20.\nAdd one.\n")
    assert (done.returncode, done.stdout) == (0, "noted\n21\n")
    assert "Remember 20." in json.dumps(server.requests[1])


def test_reset_forgets(actlet, serve):
    server, model = serve(code("final_answer('noted')"), code("final_answer('what?')"))
    assert actlet("chat", *model, text="Remember 20.\n/reset\nAdd one.\n").stdout == "noted\nwhat?\n"
    assert "Remember 20." not in json.dumps(server.requests[1])


def test_the_commands_do_what_they_say(actlet, serve):
    _, model = serve(code("final_answer('hello')"))
    done = actlet("chat", *model, text="/help\n/tools\nHi.\n/steps\n/nonsense\n/quit\nnever read\n")
    assert (done.returncode, done.stdout) == (0, "hello\n")
    for told in ("/reset", "Forget the conversation", "final_answer", "Hi.", "there is no command '/nonsense'"):
        assert told in done.stderr


def test_a_turn_that_fails_does_not_end_the_conversation(actlet, serve):
    _, model = serve(Answer(status=400, body={"error": {"message": "not today"}}), code("final_answer('better')"))
    done = actlet("chat", *model, text="One.\nTwo.\n")
    assert (done.returncode, done.stdout) == (1, "better\n")
    assert done.stderr.count("not today") == 1


def test_of_lines_that_are_piped_in_the_first_failure_is_the_exit_code(actlet, serve):
    refused = Answer(status=400, body={"error": {"message": "not today"}})
    _, model = serve(
        code("final_answer('good')"), code("x = 1"), "About two.", refused, code("final_answer('better')")
    )
    done = actlet("chat", "--max-steps", "1", *model, text="One.\nTwo.\nThree.\nFour.\n")
    assert (done.returncode, done.stdout) == (3, "good\nAbout two.\nbetter\n")
    assert done.stderr.count("1 steps weren't enough; the answer is the model's best so far, unchecked") == 1


class Terminal:
    """A chat on a real terminal."""

    def __init__(self, actlet, *arguments: str) -> None:
        self._mine, other = pty.openpty()
        streams = {"stdin": other, "stdout": other, "stderr": other, "text": None, "start_new_session": True}
        self.process = actlet.start(*arguments, preexec_fn=_own_terminal, **streams)
        os.close(other)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._mine, text.encode())

    def wait_for(self, pattern: str, seconds: float = 60) -> None:
        assert self._comes(pattern, len(self.seen), seconds), f"{pattern!r} never came: {self.seen!r}"

    def interrupt_until(self, pattern: str) -> None:
        """Python's `input` misses a Ctrl-C that comes just before it waits for a key, so press it again."""
        start = len(self.seen)
        for _ in range(10):
            self.type("\x03")
            if self._comes(pattern, start, 2):
                return
        raise AssertionError(f"{pattern!r} never came: {self.seen!r}")

    def _comes(self, pattern: str, start: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.seen[start:]):
            readable, _, _ = select.select([self._mine], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                return False
            self.seen += os.read(self._mine, 4096).decode()
        return True


def _own_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_ctrl_c_stops_the_turn_and_ctrl_d_leaves(actlet, serve):
    server, model = serve(Answer("too late", delay=30), code("final_answer(6 * 7)"))
    terminal = Terminal(actlet, "chat", *model)
    terminal.wait_for("> ")
    terminal.type("Think.\n")
    assert server.wait_for("at_once", 1)
    terminal.type("\x03")
    terminal.wait_for(r"stopped[\s\S]*> ")
    terminal.type("6 times 7?\n")
    terminal.wait_for(r"\b42\s+> ")
    terminal.interrupt_until(r"leaves\)\s+> ")
    terminal.type("\x04")
    assert terminal.process.wait(60) == 0


def test_ctrl_c_with_piped_input_goes_on_with_the_next_line(actlet, serve):
    server, model = serve(Answer("too late", delay=30), code("final_answer('next')"))
    process = actlet.start("chat", *model)
    process.stdin.write("One.\nTwo.\n")
    process.stdin.close()
    process.stdin = None
    assert server.wait_for("at_once", 1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "next\n")
