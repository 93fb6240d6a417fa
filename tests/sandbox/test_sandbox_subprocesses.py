"""Subprocesses: what they can do, that the limits and walls hold for them, and that they end with their box."""

import time

import pytest

from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor

WORKS = {
    "a program": "import subprocess; print(subprocess.run(['/bin/true']).returncode == 0)",
    "a shell": "import subprocess; print(subprocess.run('echo a | tr a b > f; cat f', shell=True, capture_output=True).stdout == b'b\\n')",
    "python": "import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', 'print(1 + 1)']) == b'2\\n')",
    "a pool of processes": "import multiprocessing as m; m.set_start_method('fork'); p = m.Pool(2); print(p.map(abs, [-1, -2]) == [1, 2]); p.terminate()",
    "signals to one's own": (
        "import subprocess; p = subprocess.Popen(['sleep', '600']); p.kill(); print(p.wait() == -9)"
    ),
    "a script of one's own": "import subprocess; open('s', 'w').write('print(3)'); import sys; print(subprocess.check_output([sys.executable, 's']) == b'3\\n')",
}

HELD = {
    "reads a file": "print(sh('cat {secret}'))",
    "lists processes": "print('BREACH' if sh('ls /proc') else '')",
    "connects": 'print(sh("exec 3<>/dev/tcp/127.0.0.1/{port} && echo BREACH"))',
    "enters namespaces": "print(sh('unshare -r echo BREACH'))",
    "becomes root": "print(sh('su -c \"echo BREACH\"') + sh('mount -t tmpfs none . && echo BREACH'))",
    "signals the host": "print(sh('kill -0 {victim} && echo BREACH'))",
    "has no walls after it executes": "print(sh('echo x > {outside}/evil && echo BREACH'))",
    "forks without end": (
        "import os, time\n"
        "try:\n"
        " for n in range(300):\n"
        "  if os.fork() == 0: time.sleep(600)\n"
        " print('BREACH')\n"
        "except OSError: pass"
    ),
}

SHELL = (
    "import subprocess\n"
    "def sh(line): return subprocess.run(['/bin/bash', '-c', line], capture_output=True, text=True).stdout\n"
)


def started(someone, results):
    """Whether there are subprocesses; there must be, unless namespaces are refused."""
    if "pid namespace" in results[0].get("error", ""):
        assert someone.refused, results[0]["error"]
        return False
    return True


def test_programs_can_be_started(someone):
    options = {"subprocesses": True}
    results = someone.run(*({"code": code, "options": options} for code in WORKS.values()))
    if started(someone, results):
        assert not {name: r for name, r in zip(WORKS, results, strict=True) if r.get("out") != "True\n"}


def test_the_walls_hold_for_programs_too(someone, outside):
    import os

    given = {"secret": outside / "secret", "outside": outside, "port": 9, "victim": os.getpid()}
    options = {"subprocesses": True}
    codes = [SHELL + code.format(**given) for code in HELD.values()]
    results = someone.run(*({"code": code, "options": options} for code in codes))
    if started(someone, results):
        out = {n: r for n, r in zip(HELD, results, strict=True) if "BREACH" in r["out"] or "the secret" in r["out"]}
        assert not out
        assert sorted(path.name for path in outside.iterdir()) == ["secret"]


def test_without_a_namespace_of_processes_subprocesses_are_refused():
    box = SandboxExecutor(subprocesses=True, namespaces=False)
    with pytest.raises(BoxError, match=r"pid namespace.*docker"):
        box.start()


def test_what_was_started_ends_with_the_box():
    box = SandboxExecutor(subprocesses=True)
    box.run("import subprocess; p = subprocess.Popen(['sleep', '7654'], start_new_session=True)")
    assert comes(sleepers)  # it is forked, and may not have become `sleep` yet
    box.cleanup()
    assert not sleepers()


def comes(what, seconds=10):
    """What it gives, once that is something, or the last it gave in this time."""
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def sleepers():
    """The processes of this machine that sleep for so long."""
    from pathlib import Path

    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    return [line for line in lines if line == b"sleep\0007654\0"]
