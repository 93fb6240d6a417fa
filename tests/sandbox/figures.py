"""Prints what the sandbox costs on this machine: `python tests/sandbox/figures.py [boxes at once]`. Medians.

Cold: a zygote is started and forks a worker, to the first result. Warm: the zygote is there. Each is compared with
the start of an interpreter that does nothing, which tells how busy the machine is.
"""

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from actlet.execution.sandbox import SandboxExecutor, workers


def timed(job):
    start = time.perf_counter()
    value = job()
    return (time.perf_counter() - start) * 1_000, value


def first_result(box):
    assert box.run("1 + 1").output == 2
    return box


def starts(count=20, **options):
    bare, cold, warm, trip = [], [], [], []
    for _ in range(count):
        bare.append(timed(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True))[0])
        workers.close_all()
        milliseconds, box = timed(lambda: first_result(SandboxExecutor(**options)))
        cold.append(milliseconds)
        milliseconds, other = timed(lambda box=box: first_result(box.fresh()))
        warm.append(milliseconds)
        trip += [timed(lambda box=other: box.run("1 + 1"))[0] for _ in range(50)]
        box.cleanup()
        other.cleanup()
    for name, values in (("bare interpreter", bare), ("cold", cold), ("warm", warm), ("round trip", trip)):
        print(f"{name}: median {statistics.median(values):.2f} ms, least {min(values):.2f} ms")


def at_once(count):
    with ThreadPoolExecutor(8) as pool:
        first_result(SandboxExecutor()).cleanup()
        milliseconds, boxes = timed(lambda: list(pool.map(lambda _: first_result(SandboxExecutor()), range(count))))
        megabytes = statistics.median(proportional_megabytes(box._worker.pidfd) for box in boxes)
        print(f"{count} at once: {milliseconds / 1_000:.2f} s, {megabytes:.1f} MB each")
        list(pool.map(SandboxExecutor.cleanup, boxes))


def proportional_megabytes(pidfd):
    """A process's own memory, and its part of what it shares with others."""
    process = Path(f"/proc/self/fdinfo/{pidfd}").read_text().partition("\nPid:")[2].split()[0]
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1_024


if __name__ == "__main__":
    starts()
    at_once(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
