"""Control groups, where this machine lets this user make them; and that nothing is missing where it doesn't."""

import os
import subprocess
import sys
import time
from contextlib import nullcontext

import pytest

from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor, groups

CAN = bool(groups.places())
"""Whether there are any here: root with version 1, or somebody to whom version 2 is given."""


@pytest.fixture
def box():
    box = SandboxExecutor(memory_mb=200, disk_mb=16, subprocesses=True)
    yield box
    box.cleanup()


def test_a_box_has_a_group_where_there_can_be_one_and_removes_it():
    box = SandboxExecutor()
    held = [name for names in groups.places().values() for name in names]
    assert sorted(box.report()["cgroup"]) == sorted(held)
    group = box._worker.group
    assert bool(group) == CAN
    box.cleanup()
    assert not any(path.exists() for path in (group.paths if group else ()))


def test_a_box_starts_without_its_groups_where_they_cannot_be_entered(tmp_path, monkeypatch):
    made = groups.Group()
    made.paths, made.controllers = [tmp_path, tmp_path / "gone"], [("memory",), ("pids",)]
    (tmp_path / "cgroup.procs").touch()
    monkeypatch.setattr(groups, "make", lambda *_: made)
    open_before = len(os.listdir("/proc/self/fd"))
    assert made.doors() == []
    assert len(os.listdir("/proc/self/fd")) == open_before
    box = SandboxExecutor()
    assert box.report()["cgroup"] == []
    assert box.run("1 + 1").output == 2
    box.cleanup()


def test_memory_is_counted_over_all_processes_and_its_end_says_why(box):
    code = (
        "import os, time\n"
        "for n in range(4):\n"
        "    if os.fork() == 0:\n"
        "        x = bytearray(b'x') * (150 << 20)\n"
        "        time.sleep(600)\n"
        "x = bytearray(b'x') * (150 << 20)\n"
        "os.wait() if CAN else 0"
    )
    box.send_variables({"CAN": CAN})
    output = box.run(code)
    if CAN:
        assert "memory_mb" in str(output.error) or survived(box), output.error


def survived(box):
    """The kernel has ended one of the others, and the worker goes on."""
    return box._worker is not None and box._worker.group.ran_out()


def test_shared_memory_is_limited_too():
    box = SandboxExecutor(memory_mb=100, disk_mb=16)
    try:
        code = "import mmap; m = mmap.mmap(-1, 700 << 20)\nfor at in range(0, len(m), 4096): m[at] = 1"
        assert not CAN or "memory_mb" in str(box.run(code).error)
        assert box.run("1 + 1").output == 2
    finally:
        box.cleanup()


START = "from actlet.execution.sandbox import SandboxExecutor as S; b = S(); b.start(); "


def test_groups_of_a_host_that_was_killed_are_removed_by_a_later_one():
    die = START + "import os; print(os.getpid(), flush=True); os.kill(os.getpid(), 9)"
    host = subprocess.run([sys.executable, "-c", die], capture_output=True, text=True, check=False)
    end = time.monotonic() + 60
    while left(host.stdout.strip()) and time.monotonic() < end:
        subprocess.run([sys.executable, "-c", START + "b.cleanup()"], check=True)
    assert not left(host.stdout.strip())


def left(process):
    """The groups of another process."""
    return [name for place in groups.places() for name in os.listdir(place) if f"-{process}-" in name]


def test_a_box_that_requires_a_group_refuses_to_start_where_there_are_none():
    box = SandboxExecutor(require=["cgroup"])
    with nullcontext() if CAN else pytest.raises(BoxError, match="cgroup"):
        box.start()
    box.cleanup()
