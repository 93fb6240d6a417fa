"""`make bench`: every figure next to smolagents from the registry and to bare Python or the physical bound.

Figures of one run on one machine; compare the ratios. `python -m benchmarks NAME ...` measures some of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SMOLAGENTS = os.environ.get("SMOLAGENTS_PYTHON", str(HERE / ".venv-smolagents" / "bin" / "python"))
PYTHONS = {"actlet": sys.executable, "smolagents": SMOLAGENTS}
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode


def scenario(library: str, name: str) -> dict[str, Any]:
    """The figures of a scenario, from a process of its own."""
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [PYTHONS[library], str(HERE / "scenarios.py"), library, name],
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(f"{library} {name} failed:\n{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def row(what: str, ours: float, theirs: float | None, unit: str, goal: str) -> None:
    ratio = "" if theirs is None else f"{theirs / ours:8.1f}x"
    other = "" if theirs is None else f"{theirs:10.3g}"
    print(f"{what:44} {ours:10.3g} {other:>10} {ratio:>9}  {unit:6} {goal}", flush=True)


def compare(name: str, *figures: tuple[str, str, float, str, str]) -> None:
    """Print figures of a scenario, each as (title, key, factor, unit, goal)."""
    ours, theirs = scenario("actlet", name), scenario("smolagents", name)
    for title, key, factor, unit, goal in figures:
        row(title, ours[key] * factor, theirs[key] * factor, unit, goal)


def steps() -> None:
    compare(
        "steps",
        ("a CodeAgent step, instant model, of 10", "step of 10, s", 1e3, "ms", "under 0.25"),
        ("a CodeAgent step, instant model, of 500", "step of 500, s", 1e3, "ms", "no dearer than of 10"),
    )


def kept() -> None:
    compare("kept", ("kept after 500 steps", "kept, bytes", 1e-6, "MB", "under 5"))


def concurrent() -> None:
    goal = "under 0.6; bound 0.16"
    compare(
        "concurrent",
        ("1,000 CodeAgents of 3 steps, 50 ms model", "code, s", 1, "s", goal),
        ("1,000 ToolCallingAgents of 3 steps, 50 ms", "calls, s", 1, "s", goal),
    )


def deltas() -> None:
    compare("deltas", ("3,000 streamed deltas", "3,000 deltas, s", 1, "s", "under 0.1"))
    compare("shown_deltas", ("3,000 streamed deltas, shown", "3,000 deltas shown, s", 1, "s", "under 0.1"))


def imports() -> None:
    """Milliseconds of import statements: the median of fresh processes, less that of an empty one."""
    names = "CodeAgent, tool, OpenAIModel"
    for title, statement, goal in [
        ("import the package", "import {}", "under 30"),
        (f"from it import {names}", f"from {{}} import {names}", "under 150"),
    ]:
        ours, theirs = (_import(python, statement.format(name)) for name, python in PYTHONS.items())
        row(title, ours, theirs, "ms", goal)


def _import(python: str, statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    times = sorted(float(subprocess.check_output([python, "-c", code])) for _ in range(9))
    return times[4] * 1e3


def prompts() -> None:
    """Tokens of system prompts, by the cl100k tokenizer that litellm ships."""
    ours, theirs = (_tokens(scenario(library, "prompts")) for library in PYTHONS)
    for kind, goal in [("CodeAgent", "under 900"), ("ToolCallingAgent", "under 350")]:
        row(f"system prompt of a {kind}, three tools", ours[kind], theirs[kind], "tokens", goal)


def _tokens(texts: dict[str, str]) -> dict[str, int]:
    code = (
        "import importlib.util, json, os, sys\n"
        "folder = importlib.util.find_spec('litellm').submodule_search_locations[0]\n"
        "os.environ['TIKTOKEN_CACHE_DIR'] = os.path.join(folder, 'litellm_core_utils', 'tokenizers')\n"
        "import tiktoken\n"
        "count = tiktoken.get_encoding('cl100k_base')\n"
        "print(json.dumps({name: len(count.encode(text)) for name, text in json.load(sys.stdin).items()}))\n"
    )
    done = subprocess.run(
        [SMOLAGENTS, "-c", code], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def local_box() -> None:
    from . import bench_local_box

    bench_local_box.main()


def boxes() -> None:
    from . import bench_boxes

    bench_boxes.main()


ALL: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (steps, kept, concurrent, deltas, imports, prompts, local_box, boxes)
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(ALL)
    if unknown:
        raise SystemExit(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(ALL)}")
    if not Path(SMOLAGENTS).exists() and names != ["boxes"]:
        raise SystemExit(f"{SMOLAGENTS} is missing: `make bench` sets it up, or set SMOLAGENTS_PYTHON")
    if names != ["boxes"]:
        print(f"{'':44} {'actlet':>10} {'smolagents':>10} {'ratio':>9}  {'':6} goal")
    for name in names or ALL:
        ALL[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
