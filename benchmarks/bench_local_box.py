"""The local box against bare CPython, and smolagents' executor, on the same programs.

Each case is timed as a model's code is: text in, result out, with parsing, checks and compiling. Medians, CPython
and the box taking turns; smolagents runs in a process of its own. Every case is some milliseconds of work for
CPython; what a snippet costs that does next to nothing is the last figure.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = {
    "loop": "total = 0\nfor i in range(100_000):\n    total += i % 7\ntotal",
    "while": """best = 0
for start in range(1, 400):
    n, steps = start, 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    best = max(best, steps)
best""",
    "comprehensions": """squares = [x * x for x in range(60_000) if x % 3]
sum({x: x + 1 for x in squares}.values())""",
    "function calls": "def add(a, b=1):\n    return a + b\nt = 0\nfor i in range(60_000):\n    t = add(t, i)\nt",
    "recursion": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(20)",
    "classes": """class Account:
    def __init__(self, owner):
        self.owner, self.balance = owner, 0
    def deposit(self, amount):
        self.balance += amount
        return self
accounts = [Account(i) for i in range(2_000)]
for account in accounts:
    for n in range(10):
        account.deposit(n)
sum(a.balance for a in accounts)""",
    "strings": """words = ("the quick brown fox jumps over the lazy dog " * 800).split()
lines = [f"{n:04d}: {word.title():>10}" for n, word in enumerate(words)]
len("\\n".join(lines).replace("o", "0").upper())""",
    "dicts and lists": """counts = {}
for n in range(30_000):
    key = f"k{n % 50}"
    counts.setdefault(key, []).append(n)
max(counts.items(), key=lambda item: sum(item[1]))[0]""",
    "generators": """def numbers(limit):
    n = 0
    while n < limit:
        yield n
        n += 1
sum(x for x in numbers(60_000) if x % 2)""",
    "exceptions": """bad = 0
for text in ["1", "x", "3", ""] * 2_000:
    try:
        int(text)
    except ValueError:
        bad += 1
bad""",
    "sorting": """rows = [(i * 7919 % 1009, str(i)) for i in range(15_000)]
sorted(rows, key=lambda r: (-r[0], r[1]))[0]""",
    "closures": """def counter():
    n = 0
    def bump(by):
        nonlocal n
        n += by
        return n
    return bump
bump = counter()
for i in range(50_000):
    last = bump(i)
last""",
    "parsing": """text = '{"a": [1, 22, 333], "b": {"c": "x y"}}' * 500
tokens, i = [], 0
while i < len(text):
    c = text[i]
    if c in '{}[]:,':
        tokens.append(c)
        i += 1
    elif c == '"':
        end = text.index('"', i + 1)
        tokens.append(text[i + 1:end])
        i = end + 1
    elif c.isdigit():
        end = i
        while text[end].isdigit():
            end += 1
        tokens.append(int(text[i:end]))
        i = end
    else:
        i += 1
len(tokens)""",
    "formatting": "'\\n'.join('{:>6}|{:<8.2f}'.format(i, i / 3) for i in range(10_000))[-8:]",
}
NOT_IN_SMOLAGENTS = ("closures", "generators")
"""Cases that smolagents' interpreter can't run: it has no `nonlocal` and no `yield`."""

SMOLAGENTS_SCRIPT = """
import json, statistics, sys, time
from smolagents.local_python_executor import BASE_PYTHON_TOOLS, LocalPythonExecutor
times = {}
for name, code in json.load(sys.stdin).items():
    box = LocalPythonExecutor([])
    box.send_tools({})
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        try:
            box(code)
        except Exception:
            break
        taken.append(time.perf_counter() - started)
    if taken:
        times[name] = statistics.median(taken)
print(json.dumps(times))
"""


def bare(code: str) -> None:
    """The same program in plain CPython: its last expression evaluated, as a console does."""
    exec(compile(code, "<bare>", "exec", dont_inherit=True), {"__name__": "__main__"})


def median_times(runs: int, *ways: Callable[[str], Any], code: str) -> list[float]:
    """The median seconds of each way to run `code`, taking turns."""
    taken: list[list[float]] = [[] for _ in ways]
    for way in ways:
        way(code)
    for _ in range(runs):
        for way, times in zip(ways, taken, strict=True):
            started = time.perf_counter()
            way(code)
            times.append(time.perf_counter() - started)
    return [statistics.median(times) for times in taken]


def smolagents_times() -> dict[str, float]:
    """Seconds of each case in smolagents' executor, from an environment of its own; empty if there is none."""
    default = Path(__file__).parent / ".venv-smolagents" / "bin" / "python"
    python = os.environ.get("SMOLAGENTS_PYTHON", str(default))
    if not Path(python).exists():
        return {}
    cases = {name: code for name, code in CASES.items() if name not in NOT_IN_SMOLAGENTS}
    done = subprocess.run(
        [python, "-c", SMOLAGENTS_SCRIPT], input=json.dumps(cases), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"smolagents' executor failed:\n{done.stderr}")
    times: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return times


def run(runs: int = 41) -> dict[str, Any]:
    """Seconds of every case in CPython, in the box and in smolagents, and the geometric means of their ratios."""
    from actlet.execution.local import LocalPythonExecutor

    box = LocalPythonExecutor()
    rows = {}
    theirs = smolagents_times()
    for name, code in CASES.items():
        python, local = median_times(runs, bare, box.run, code=code)
        rows[name] = {"cpython": python, "box": local, "smolagents": theirs.get(name)}
    instant = median_times(2_000, box.run, code="x = 1 + 1")[0]
    box.cleanup()
    return {
        "cases": rows,
        "box": geometric_mean([row["box"] / row["cpython"] for row in rows.values()]),
        "smolagents": geometric_mean([r["smolagents"] / r["cpython"] for r in rows.values() if r["smolagents"]]),
        "instant snippet": instant,
    }


def geometric_mean(ratios: list[float]) -> float | None:
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else None


def main() -> None:
    figures = run()
    print(f"{'case':18} {'CPython':>10} {'local box':>10} {'ratio':>8} {'smolagents':>12} {'ratio':>8}")
    for name, row in figures["cases"].items():
        python, local = row["cpython"], row["box"]
        line = f"{name:18} {python * 1e3:7.2f} ms {local * 1e3:7.2f} ms {local / python:7.2f}x"
        if row["smolagents"]:
            line += f" {row['smolagents'] * 1e3:9.1f} ms {row['smolagents'] / python:7.0f}x"
        print(line)
    theirs = f"{figures['smolagents']:.0f}x" if figures["smolagents"] else "not measured"
    print(f"geometric mean: local box {figures['box']:.2f}x (goal: 1.3x), smolagents {theirs}")
    print(f"an instant snippet, there and back: {figures['instant snippet'] * 1e6:.0f} us")


if __name__ == "__main__":
    sys.exit(main())
