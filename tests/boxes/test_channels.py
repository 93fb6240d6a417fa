"""Channels on the host, and the wires of a kernel that each of them speaks to."""

import os
import subprocess
import sys
import threading

import pytest

from actlet.execution import kernel
from actlet.execution.protocol import FedChannel, LinesChannel, PipeChannel, RemoteBox
from actlet.testing.conformance import add, error_of, run
from actlet.toolbox.final_answer import FinalAnswerTool


def pair():
    """A channel, and the other side's two descriptors."""
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    return PipeChannel(ours_in, ours_out), theirs_in, theirs_out


def test_bytes_that_come_in_any_pieces_are_read_in_the_sizes_asked_for():
    channel, theirs_in, theirs_out = pair()
    data = bytes(range(256)) * 2_000
    writing = threading.Thread(
        target=lambda: [os.write(theirs_out, data[n : n + 7_001]) for n in range(0, len(data), 7_001)]
    )
    writing.start()
    parts = [channel.read(size) for size in (1, 3, 100_000, 4, 200_000)]
    writing.join()
    assert b"".join(parts) == data[: sum(map(len, parts))]
    os.close(theirs_out)
    with pytest.raises(EOFError):
        channel.read(len(data))
    channel.close()
    os.close(theirs_in)


def test_sending_does_not_wait_for_who_does_not_read():
    channel, theirs_in, theirs_out = pair()
    data = os.urandom(1 << 20) * 8
    channel.send([data[:100], data[100:]])
    channel.send([b"end"])
    received = b""
    while len(received) < len(data) + 3:
        received += os.read(theirs_in, 1 << 20)
    assert received == data + b"end"
    for fd in (theirs_in, theirs_out):
        os.close(fd)
    channel.close()


@pytest.mark.parametrize("waiting", [b"", b"something"])
def test_the_end_of_the_other_side_is_seen_without_waiting(waiting):
    channel, theirs_in, theirs_out = pair()
    os.write(theirs_out, waiting)
    assert not channel.ended()
    os.close(theirs_out)
    os.close(theirs_in)
    assert channel.ended()
    channel.close()
    assert channel.ended()


def test_what_is_fed_is_read_and_what_is_sent_is_written_in_order():
    written, done = [], threading.Event()

    def write(data):
        written.append(data)
        if b"".join(written).endswith(b"end"):
            done.set()

    channel = FedChannel(write)
    threading.Timer(0.05, channel.feed, [b"one two"]).start()
    assert channel.read(4) == b"one "
    for number in range(500):
        channel.send([f"{number} ".encode(), b"x"])
    channel.send([b"end"])
    assert done.wait(20)
    assert b"".join(written) == b"".join(f"{number} x".encode() for number in range(500)) + b"end"


def test_who_waits_for_a_fed_channel_is_told_of_its_end():
    channel = FedChannel(lambda data: None)
    channel.feed(b"ab")
    threading.Timer(0.05, channel.feed_end, ["the service hung up"]).start()
    assert channel.read(2) == b"ab"
    with pytest.raises(EOFError, match="hung up"):
        channel.read(1)
    assert channel.ended()


def test_a_service_that_cannot_be_written_to_has_ended():
    def write(data):
        raise ConnectionResetError("gone")

    channel = FedChannel(write)
    channel.send([b"a"])
    with pytest.raises(EOFError, match="ConnectionResetError: gone"):
        channel.read(1)
    with pytest.raises(OSError, match="gone"):
        channel.send([b"b"])


def test_closing_wakes_who_waits_for_a_fed_channel():
    channel = FedChannel(lambda data: None)
    threading.Timer(0.05, channel.close_writing).start()
    with pytest.raises(EOFError):
        channel.read(1)
    channel.close()


def test_lines_that_are_cut_anywhere_are_the_bytes_they_stand_for():
    channel, data = LinesChannel(lambda data: None), os.urandom(200_000)
    text = kernel.to_lines(data) + b"\r\n" + kernel.to_lines(b"end")
    for start in range(0, len(text), 999):
        channel.feed(text[start : start + 999])
    assert channel.read(200_003) == data + b"end"


def test_a_line_that_is_no_base64_ends_the_channel():
    channel = LinesChannel(lambda data: None)
    channel.feed(b"welcome to this shell!\n")
    with pytest.raises(EOFError, match="base64"):
        channel.read(1)


class Fed(RemoteBox):
    """A kernel behind a service that takes bytes by a call, and gives them by a callback."""

    way, kind = "stdio", FedChannel

    def _start(self):
        command = [sys.executable, "-I", kernel.__file__, self.way]
        self.process = process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        channel = self.kind(
            lambda data: [process.stdin.write(data[n : n + 4096]) for n in range(0, len(data), 4096)]
        )
        threading.Thread(target=self._feed, args=(channel, process), daemon=True).start()
        return channel

    @staticmethod
    def _feed(channel, process):
        while data := process.stdout.read(10_000):
            channel.feed(data)
        channel.feed_end()

    def _kill(self):
        self.process.kill()
        self.process.wait()


class Text(Fed):
    """The same, where everything must be text."""

    way, kind = "lines", LinesChannel


@pytest.mark.parametrize("kind", [Fed, Text])
def test_a_kernel_behind_callbacks_is_a_box(kind):
    box = kind()
    box.send_tools({"add": add, "final_answer": FinalAnswerTool()})
    box.send_variables({"big": b"x" * 3_000_000})
    try:
        output = run(
            box,
            "print(input() if False else 'hi')\nimport os\nos.system('echo there')\n[len(big), add(1), big[:2]]",
        )
        assert (output.output, output.logs) == ([3_000_000, 3, b"xx"], "hi\nthere\n")
        assert error_of(run(box, "input()")).type == "EOFError"
        assert error_of(run(box, "import os\nos._exit(1)")).type == "BoxError"
        assert run(box, "final_answer(add(2))").is_final_answer
    finally:
        box.cleanup()
