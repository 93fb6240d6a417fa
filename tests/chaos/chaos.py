"""Runs in boxes whose workers are killed at random moments, many at once, and what came of each of them.

    python tests/chaos/chaos.py [--runs 1000] [--at-once 24] [--seed N] [--boxes sandbox docker ...]

Prints a report as JSON: how each run ended, what is wrong with how it ended, and what was left behind. It is a
program of its own so that what it leaves behind can be counted; the seed decides what is run and when is killed,
the machine's load what that meets.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import glob
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

from actlet import ActionStep, BoxPool, CodeAgent, DockerExecutor, SandboxExecutor, WasmExecutor, tool
from actlet.execution.sandbox import workers
from actlet.testing import ProcessExecutor, ScriptedModel

HANG_SECONDS = 300
"""A run that takes longer than this hangs: one that isn't disturbed takes a few hundredths of a second."""

CHILD_SUBREAPER = 36

ZYGOTES = 0.004
"""The part of the killings that meet a zygote too, which takes all its workers along."""

SNIPPETS = (
    "import time\nnumbers = add.map([(number, 1) for number in range(5)])\nprint(numbers)",
    "for number in range(20):\n    print('line', number)\n    time.sleep(0.0005)",
    "data = echo(bytes(300_000))\nlen(data)",
    "total = sum(add(number, 0) for number in numbers)\nopen('note.txt', 'w').write(str(total))",
    "final_answer((total, len(data), int(open('note.txt').read())))",
)
ANSWER = (15, 300_000, 15)

KILLED = re.compile(r"SIGKILL|was killed|took it along|ended before it was locked down")
"""The reason that a killed worker is to be told with."""


CLEAR = "failed, with the reason"


@tool
def add(a: int, b: int) -> int:
    """Adds two numbers.

    Args:
        a: One.
        b: Another.
    """
    return a + b


@tool
def echo(value: Any) -> Any:
    """Gives back what it is given.

    Args:
        value: Anything.
    """
    return value


def reply(messages: Any) -> str:
    """The next snippet; after an error, or when variables are lost, the first one again."""
    done = 0
    for message in messages:
        if message.role == "assistant":
            done += 1
        elif message.role == "user" and ("Error" in message.text or "between two snippets" in message.text):
            done = 0
    return f"<code>\n{SNIPPETS[min(done, len(SNIPPETS) - 1)]}\n</code>"


def agent_of(executor: Any) -> CodeAgent:
    model = ScriptedModel(reply, record=False)
    return CodeAgent(tools=[add, echo], model=model, executor=executor, max_steps=200, verbosity_level=-1)


class Killer(threading.Thread):
    """Kills a worker of some run's, again and again, at random moments."""

    def __init__(self, seed: int, per_second: float) -> None:
        super().__init__(name="killer")
        self.random, self.per_second = random.Random(seed), per_second
        self.boxes: dict[int, Any] = {}
        self.begun = self.kills = self.zygotes = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(self.random.expovariate(self.per_second)):
            boxes = list(self.boxes.values())
            if self.kills > self.begun:
                continue  # one for each run, however slow the machine is
            if boxes and kill(self.random.choice(boxes)):
                self.kills += 1
            if self.random.random() < ZYGOTES:
                self.zygotes += kill_zygote()


def kill(box: Any) -> bool:
    """Kill the worker of a box by SIGKILL, if it has one now."""
    box = getattr(box, "_box", box)
    worker, process, container = (getattr(box, name, None) for name in ("_worker", "_process", "_container"))
    if worker is not None:
        worker.kill()
    elif process is not None and process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, 9)
    elif container is not None:
        with suppress(Exception):  # it has ended already, in one of the ways that the engine has for saying so
            container._engine.api.kill(container.id, 9)
    return any((worker, process, container))


def kill_zygote() -> int:
    for zygote in list(workers._zygotes.values()):
        zygote.process.kill()
        return 1
    return 0


def carry_out(agent: CodeAgent, way: str, killer: Killer, number: int) -> str:
    """One run; what is wrong with how it ended, or nothing."""
    with agent.session() as session:
        killer.boxes[number] = session.box
        killer.begun += 1
        try:
            answer = asyncio.run(session.arun("Go.")) if way == "arun" else session.run("Go.")
        except Exception as error:
            return CLEAR if KILLED.search(str(error)) else f"{type(error).__name__}: {error}"
        finally:
            del killer.boxes[number]
        return wrong(answer, session.memory.steps)


def wrong(answer: Any, steps: Any) -> str:
    """What is wrong with a run that ended: its answer, or an error that doesn't say why."""
    lost = False
    for step in steps:
        if not isinstance(step, ActionStep):
            continue
        lost = lost or bool(KILLED.search(step.observations or ""))
        error = "" if step.error is None else str(step.error)
        if error and not (KILLED.search(error) or lost):
            return f"an error without the reason: {error}"
        lost = lost or bool(error)
    return "" if answer == ANSWER else f"the answer {answer!r}"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> list[str]:
    """The processes that are left, of those that this one has started and those that they have started."""
    left = [f"{process.args} wasn't waited for" for process in subprocess._active]  # type: ignore[attr-defined]
    for path in glob.glob("/proc/[0-9]*/stat"):
        with suppress(OSError), open(path) as stat:
            pid, name, state, parent = re.match(r"(\d+) (\(.*\)) (\S) (\d+)", stat.read()).groups()  # type: ignore[union-attr]
            if int(parent) == os.getpid() and state != "Z":  # init would wait for orphans, as soon as they end
                left.append(f"{pid} {name} {state}")
    return left


def containers(url: str | None) -> list[str]:
    """The containers that are left of this process's."""
    if url is None:
        return []
    import docker

    with closing(docker.DockerClient(base_url=url, version="auto")) as client:
        return [container.name for container in client.containers.list(all=True, filters={"label": "actlet=1"})]


def left_behind(before: int, docker: str | None) -> dict[str, Any]:
    """What is still there when every box, pool and zygote has been closed."""
    gc.collect()
    found: dict[str, Any] = {}
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = {
            "processes": children(),
            "threads": [t.name for t in threading.enumerate() if not known_thread(t)],
            "folders": glob.glob(f"{tempfile.gettempdir()}/actletbox-{os.geteuid()}-{os.getpid()}-*"),
            "descriptors": 0 if docker else max(0, descriptors() - before),  # the engine's client keeps connections
            "containers": containers(docker),
        }
        if not any(found.values()):
            break
        time.sleep(0.05)
    return found


STAYING = ("actlet-worker-", "actlet-watchdog", "actlet-loop", "actlet-docker-")


def known_thread(thread: threading.Thread) -> bool:
    """Threads that stay for the next use: parked workers, the watchdog, the event loop, an engine's janitor."""
    return thread is threading.main_thread() or thread.name.startswith(STAYING)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--kills-per-second", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--boxes", nargs="+", default=["sandbox", "process"], help="sandbox, process, docker, wasm")
    parser.add_argument("--docker", metavar="URL", help="the engine of the docker boxes")
    parser.add_argument("--image", help="of the docker boxes")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)  # so that no orphan gets away
    warm = ProcessExecutor()  # what is loaded and opened once
    warm.run("1")
    warm.cleanup()
    before = descriptors()
    report = chaos(options, random.Random(seed))
    report["left behind"] = left_behind(before, options.docker if "docker" in options.boxes else None)
    print(json.dumps({"seed": seed, **report}))
    return 0


@contextmanager
def agents_of(options: argparse.Namespace) -> Iterator[list[CodeAgent]]:
    """The agents that runs are given to, the ones with lighter boxes more often."""
    with (
        BoxPool(SandboxExecutor, size=12, spare=4 * ("sandbox" in options.boxes), wait_seconds=None) as pool,
        BoxPool(
            ProcessExecutor, size=4, spare="process" in options.boxes, wait_seconds=None, reuse=True
        ) as trusting,
    ):
        docker = partial(
            DockerExecutor, base_url=options.docker, **({"image": options.image} if options.image else {})
        )
        executors = {
            "sandbox": [SandboxExecutor] * 4 + [pool] * 4,
            "process": [ProcessExecutor, trusting],
            "docker": [docker, docker],
            "wasm": [WasmExecutor, WasmExecutor],
        }
        made = {executor: agent_of(executor) for name in options.boxes for executor in executors[name]}
        yield [made[executor] for name in options.boxes for executor in executors[name]]


def chaos(options: argparse.Namespace, chance: random.Random) -> dict[str, Any]:
    killer = Killer(chance.randrange(1 << 32), options.kills_per_second)
    killer.start()
    began = time.monotonic()
    with agents_of(options) as agents:
        plan = [(chance.choice(agents), chance.choice(["run", "run", "arun"])) for _ in range(options.runs)]
        problems = carried_out(plan, killer, options.at_once)
    workers.close_all()
    return {
        "runs": len(problems),
        "answered": problems.count(""),
        CLEAR: problems.count(CLEAR),
        "problems": dict(Counter(problem for problem in problems if problem not in ("", CLEAR))),
        "workers killed": killer.kills,
        "zygotes killed": killer.zygotes,
        "seconds": round(time.monotonic() - began, 1),
    }


def carried_out(plan: list[tuple[CodeAgent, str]], killer: Killer, at_once: int) -> list[str]:
    """What is wrong with each run."""
    threads = ThreadPoolExecutor(at_once)
    futures = [threads.submit(carry_out, agent, way, killer, n) for n, (agent, way) in enumerate(plan)]
    problems = []
    for future in futures:
        try:
            problems.append(future.result(HANG_SECONDS))
        except TimeoutError:
            problems.append("it hangs")
    killer.over.set()
    killer.join()
    threads.shutdown(wait="it hangs" not in problems)
    return problems


if __name__ == "__main__":
    sys.exit(main())
