"""Boxes outside of this process: starting, a snippet there and back, a tool called from a snippet, a large table.

Each figure stands next to that of a bare process (an interpreter that reads lines from a pipe, evaluates them and
writes what came out) and to the goal. Medians; a box that can't run here is named with the reason. What smolagents'
docker executor takes (3.1 s to the first result, 56 ms for each snippet) was measured beforehand, on a machine like
this one. `ACTLET_BENCH_IMAGE` names the image for docker, if the default one can't be had.
"""

from __future__ import annotations

import contextlib
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from actlet import tool
from actlet.errors import ActletError
from actlet.execution.boxes import BOXES, box_class, make_box
from actlet.execution.process import ProcessExecutor

ECHO = "import sys\nfor line in sys.stdin:\n    print(eval(line), flush=True)"
SMOLAGENTS_DOCKER = {"first result": 3.1, "execution": 0.056}
MANY = 200


@tool
def add(a: int, b: int) -> int:
    """Adds.

    Args:
        a: One.
        b: Another.
    """
    return a + b


def taken(job: Callable[[], object]) -> float:
    """Seconds that a job takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def median(runs: int, job: Callable[[], object]) -> float:
    """The median of the seconds that a job takes, after one run that isn't counted."""
    job()
    return statistics.median(taken(job) for _ in range(runs))


def row(what: str, ours: float, bare: float | None, unit: str, goal: str) -> None:
    other, ratio = ("", "") if bare is None else (f"{bare:10.3g}", f"{ours / bare:8.1f}x")
    print(f"{what:44} {ours:10.3g} {other:>10} {ratio:>9}  {unit:6} {goal}", flush=True)


@contextlib.contextmanager
def closing(box: Any) -> Iterator[Any]:
    box.send_tools({"add": add})
    try:
        yield box
    finally:
        box.cleanup()


class Bare:
    """The least that a process which evaluates a line can cost."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def ask(self, line: bytes) -> bytes:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + b"\n")
        return self.process.stdout.readline()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def bare_figures() -> dict[str, float]:
    """Seconds of a bare process to its first answer, and of an answer."""

    def start() -> None:
        bare = Bare()
        bare.ask(b"1 + 1")
        bare.close()

    started, bare = median(9, start), Bare()
    answer = median(2_000, lambda: bare.ask(b"1 + 1"))
    bare.close()
    return {"start": started, "answer": answer}


def first_result(make: Callable[[], Any]) -> float:
    """Seconds to a box's first result."""
    box = make()
    try:
        return taken(lambda: box("1 + 1"))
    finally:
        box.cleanup()


def in_use(name: str, box: Any, bare: dict[str, float], goal: str, runs: int = 1_000) -> None:
    """A snippet there and back, and a tool's call."""
    row(
        f"{name}: 1 + 1, there and back", median(runs, lambda: box("1 + 1")) * 1e3, bare["answer"] * 1e3, "ms", goal
    )
    calls = median(9, lambda: box("for n in range(200): add(n, 1)")) / 200
    row(f"{name}: a tool's call from a snippet", calls * 1e3, bare["answer"] * 1e3, "ms", "under 0.2")


def table(name: str, box: Any) -> None:
    """A table of 100 MB, in and out."""
    try:
        import numpy
        import pandas
    except ImportError:
        print(f"{name}: a table of 100 MB: not measured, there is no pandas here", flush=True)
        return
    frame = pandas.DataFrame(numpy.random.default_rng(0).random((1_250_000, 10)))
    box("import pandas")

    def send() -> None:
        box.send_variables({"frame": frame})
        box("len(frame)")

    row(f"{name}: a DataFrame of 100 MB in", median(3, send), None, "s", "under 1")
    row(f"{name}: the same out", median(3, lambda: box("frame")), None, "s", "under 1")


def process(bare: dict[str, float]) -> None:
    started = statistics.median(first_result(ProcessExecutor) for _ in range(9))
    row("process: start to the first result", started * 1e3, bare["start"] * 1e3, "ms", "")
    with closing(ProcessExecutor(timeout_seconds=None)) as box:
        in_use("process", box, bare, "under 0.1")
        table("process", box)


def sandbox(bare: dict[str, float]) -> None:
    from actlet.execution.sandbox import SandboxExecutor, workers

    def cold() -> float:
        workers.close_all()
        return start()

    def start() -> float:
        box = SandboxExecutor()
        try:
            return taken(box.start)
        finally:
            box.cleanup()

    start()
    row(
        "sandbox: start, cold",
        statistics.median(cold() for _ in range(9)) * 1e3,
        bare["start"] * 1e3,
        "ms",
        "under 30",
    )
    row(
        "sandbox: start, warm",
        statistics.median(start() for _ in range(21)) * 1e3,
        bare["start"] * 1e3,
        "ms",
        "under 8",
    )
    with closing(SandboxExecutor(timeout_seconds=None)) as box:
        in_use("sandbox", box, bare, "under 0.1")
    with closing(SandboxExecutor(memory_mb=4_096, timeout_seconds=None)) as box:
        table("sandbox", box)
    many(SandboxExecutor)


def many(kind: Callable[[], Any]) -> None:
    """Many boxes at once: seconds until each has given a result, and their memory."""
    boxes = [kind() for _ in range(MANY)]
    before = memory_of_children()
    try:
        with ThreadPoolExecutor(16) as threads:
            seconds = taken(lambda: list(threads.map(lambda box: box("1 + 1"), boxes)))
        row(f"sandbox: {MANY} at once, all with a result", seconds, None, "s", "")
        row(f"sandbox: memory of each of {MANY}", (memory_of_children() - before) / MANY / 1e6, None, "MB", "")
    finally:
        for box in boxes:
            box.cleanup()


def memory_of_children() -> int:
    """Bytes that the processes below this one use, what they share counted once."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat") as file:
            parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
    return sum(map(_memory, _below(os.getpid(), parents)))


def _below(process: int, parents: dict[int, int]) -> list[int]:
    children = [child for child, parent in parents.items() if parent == process]
    return children + [found for child in children for found in _below(child, parents)]


def _memory(process: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{process}/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    return 0


def docker(bare: dict[str, float]) -> None:
    image = os.environ.get("ACTLET_BENCH_IMAGE")
    options = {} if image is None else {"image": image}

    def make() -> Any:
        return make_box("docker", [], timeout_seconds=None, **options)

    with closing(make()) as box:
        box.prepare()
    first = statistics.median(first_result(make) for _ in range(5))
    row(
        "docker: start to the first result",
        first,
        SMOLAGENTS_DOCKER["first result"],
        "s",
        "under 0.5; next to smolagents",
    )
    with closing(make()) as box:
        each = median(300, lambda: box("1 + 1"))
        row(
            "docker: a snippet",
            each * 1e3,
            SMOLAGENTS_DOCKER["execution"] * 1e3,
            "ms",
            "under 1; next to smolagents",
        )
        in_use("docker", box, bare, "under 1", 300)


def wasm(bare: dict[str, float]) -> None:
    def make() -> Any:
        return make_box("wasm", [], timeout_seconds=None)

    first_result(make)
    first = statistics.median(first_result(make) for _ in range(5))
    row("wasm: start to the first result", first, bare["start"], "s", "under 1.5")
    with closing(make()) as box:
        in_use("wasm", box, bare, "under 1", 300)


def main() -> None:
    print(f"{'':44} {'actlet':>10} {'bare':>10} {'ratio':>9}  {'':6} goal")
    bare = bare_figures()
    process(bare)
    for name, measure in {"sandbox": sandbox, "docker": docker, "wasm": wasm}.items():
        gc.collect()
        ready = box_class(name).check() if name in BOXES else None  # type: ignore[attr-defined]
        if ready is None or not ready.ok:
            print(f"{name}: not measured, {'there is no such box' if ready is None else ready.detail}", flush=True)
            continue
        try:
            measure(bare)
        except ActletError as error:
            print(f"{name}: not measured, {error}", flush=True)


if __name__ == "__main__":
    main()
