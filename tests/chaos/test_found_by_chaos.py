"""What chaos has found, each in a test that needs no luck."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor, workers
from actlet.testing import ProcessExecutor

SOURCES = Path(__file__).parents[2] / "src"


class Unlucky(ProcessExecutor):
    """Its first kernels are killed as soon as they are started."""

    def __init__(self, misfortunes):
        super().__init__()
        self.misfortunes = misfortunes

    def _start(self):
        channel = super()._start()
        if self.misfortunes:
            self.misfortunes -= 1
            self._process.kill()
        return channel


def test_a_kernel_that_is_killed_while_it_starts_is_started_again():
    box = Unlucky(1)
    assert box.run("1 + 1").output == 2
    box.cleanup()


def test_one_that_is_killed_again_and_again_is_an_error_with_the_reason():
    box = Unlucky(2)
    with pytest.raises(BoxError, match="SIGKILL"):
        box.start()
    assert box.run("1").output == 1
    box.cleanup()


def test_what_was_lost_between_two_snippets_is_told_with_the_next():
    box = ProcessExecutor()
    box.run("x = 1")
    box._process.kill()
    box._process.wait()
    output = box.run("x + 1")
    assert output.error.type == "NameError"
    assert "SIGKILL" in output.logs
    assert "without the variables x" in output.logs
    box.cleanup()


def test_whoever_waits_for_a_zygote_that_is_closed_is_told_at_once():
    zygote = workers.Zygote(SandboxExecutor()._shared)
    os.killpg(zygote.process.pid, signal.SIGSTOP)
    for child in Path(f"/proc/{zygote.process.pid}/task/{zygote.process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGSTOP)
    told = []

    def ask():
        try:
            zygote.request({}, [0, 1, 2])
        except OSError as error:
            told.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not zygote.lock.locked():
        time.sleep(0.01)
    time.sleep(0.1)
    began = time.monotonic()
    zygote.close()
    asking.join(60)
    assert time.monotonic() - began < workers.START_SECONDS / 2
    assert "was killed" in str(told[0])


FULL = """
import os, resource
from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor

box, other = SandboxExecutor(), SandboxExecutor()
box.run("x = 1")
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
taken = []
try:
    while True:
        taken.append(os.dup(0))
except OSError:
    os.close(taken.pop())
try:
    other.start()
except BoxError as error:
    print(error)
while taken:
    os.close(taken.pop())
print(box.run("x").output, other.run("2").output)
box.cleanup()
other.cleanup()
"""


def test_a_process_without_free_descriptors_loses_none_of_the_boxes_it_has():
    done = subprocess.run(
        [sys.executable, "-c", FULL], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert "oo many open files" in lines[0], done.stderr
    assert lines[1] == "1 2"
