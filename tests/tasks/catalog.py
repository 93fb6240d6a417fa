"""Tasks that a language model solved through `actlet run` and `actlet chat`, each with the right answer.

`python tests/tasks/catalog.py record NAME URL` carries one out with the model at URL (shared/relay/relay.py, say);
the relay's log, copied to `recordings/NAME.jsonl`, is the recording that `test_tasks.py` replays.
`python tests/tasks/catalog.py figures` tells the replies and tokens of each, by the tokenizer that litellm ships.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = str(HERE / "my_tools.py")


@dataclass(frozen=True)
class Task:
    """A command line without its model, what is typed into it, and whether what it printed is right."""

    arguments: tuple[str, ...]
    right: Callable[[str], bool]
    typed: str = ""


def says(*expected: str) -> Callable[[str], bool]:
    return lambda out: all(text in out.replace(",", "") for text in expected)


def tools(*names: str) -> tuple[str, ...]:
    return tuple(part for name in names for part in ("--tools", f"{TOOLS}:{name}"))


TASKS = {
    "table": Task(
        (
            "run",
            "--file",
            f"table={HERE / 'data' / 'sales.csv'}",
            "--output-type",
            "dict[str, float]",
            "The variable table holds a CSV text of sales. What did each region take in from April to June 2024, "
            "counting units that were not returned? Give a dict from region to revenue, rounded to cents, without regions that sold nothing.",
        ),
        lambda out: json.loads(out) == {"West": 304.5, "South": 4473.45, "East": 5169.5},
    ),
    "files": Task(
        (
            "run",
            *tools("list_notes", "read_note"),
            "The notes are about several projects. Which project was delayed, who approved its budget, what is that "
            "person's extension, and how much was really spent on the new supplier?",
        ),
        says("Harbour", "Adaeze", "4471", "36800"),
    ),
    "sql": Task(
        (
            "run",
            *tools("shop"),
            "--output-type",
            "list[list[str | float]]",
            "What did each country's customers spend in the shop in the first quarter of 2025, without cancelled "
            "orders? Give [country, euros] pairs, the highest first; leave out countries that spent nothing.",
        ),
        lambda out: json.loads(out) == [["CN", 66.0], ["DE", 50.45], ["UK", 49.38], ["FR", 44.3]],
    ),
    "plan": Task(
        (
            "run",
            *tools("road_km", "hotel_price"),
            "--planning-interval",
            "3",
            "--output-type",
            f"{TOOLS}:Trip",
            "Plan the shortest round trip by road from Bremen through Aachen, Cottbus and Dresden and back. We sleep "
            "two nights in the city that is the farthest from Bremen by road and one night in the other two. Give "
            "the cities in order beginning and ending with Bremen (of the two directions, the one that goes to "
            "Aachen first), the kilometres of the whole trip, and the price of all hotels.",
        ),
        lambda out: (
            json.loads(out)
            == {"cities": ["Bremen", "Aachen", "Dresden", "Cottbus", "Bremen"], "kilometres": 1630, "hotels": 305.0}
        ),
    ),
    "team": Task(
        (
            "run",
            *tools("stock_keeper"),
            "--output-type",
            "list[str]",
            "A customer wants 10 lamps, 5 desks, 2 chairs and 20 shelves. Which of these can't be delivered in full "
            "from stock? Give the products in alphabetical order.",
        ),
        lambda out: json.loads(out) == ["chair", "desk"],
    ),
    "typed": Task(
        (
            "run",
            "--output-type",
            "list[tuple[int, int, int]]",
            "All Pythagorean triples of three different positive integers a < b < c with c at most 30, sorted.",
        ),
        lambda out: (
            json.loads(out)
            == [
                [a, b, c]
                for a in range(1, 31)
                for b in range(a + 1, 31)
                for c in range(b + 1, 31)
                if a * a + b * b == c * c
            ]
        ),
    ),
    "error": Task(
        (
            "run",
            *tools("exchange_rate"),
            "--output-type",
            "float",
            "How many euros were 250 US dollars worth on the 17th of August 2024? Where there is no rate for a day, "
            "take that of the last day before it that has one. Round to cents.",
        ),
        lambda out: float(out) == 234.0,
    ),
    "calls": Task(
        (
            "run",
            "--agent",
            "tool-calling",
            *tools("forecast"),
            "In which of Aachen, Bremen, Cottbus and Dresden will it not rain tomorrow, and which of the four has the highest temperature?",
        ),
        says("Bremen", "Cottbus"),
    ),
    "memory": Task(
        ("chat", *tools("stock")),
        says("lamps and shelves: 28", "fewest: desk"),
        "How many lamps, desks and shelves are in stock? Give a dict.\n"
        "Now 8 shelves and 2 desks are sold. How many lamps and shelves are left together, and of which of the three "
        "products are the fewest left? Reply as 'lamps and shelves: N, fewest: PRODUCT'.\n",
    ),
}


def run(task: Task, model: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Carry out a task with a model, as a user would."""
    command, *arguments = task.arguments
    return subprocess.run(
        [sys.executable, "-m", "actlet", command, "--model", model, *arguments],
        input=task.typed,
        capture_output=True,
        text=True,
        env={**os.environ, "ACTLET_TASK_MODEL": model, **environment},
        timeout=3600,
    )


def figures() -> None:
    """For each recording: the model's replies, and the tokens that it was sent and gave, summed over its replies."""
    litellm = find_spec("litellm")
    if litellm is None or not litellm.submodule_search_locations:
        sys.exit("run it where litellm is installed")
    folder = Path(litellm.submodule_search_locations[0], "litellm_core_utils", "tokenizers")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken

    count = tiktoken.get_encoding("cl100k_base").encode
    print("task      replies  tokens in  tokens out")
    for name in TASKS:
        lines = (HERE / "recordings" / f"{name}.jsonl").read_text().splitlines()
        turns = [json.loads(line) for line in lines]
        sent = sum(len(count(json.dumps(turn["request"]["messages"], ensure_ascii=False))) for turn in turns)
        given = sum(len(count(json.dumps(turn["reply"], ensure_ascii=False))) for turn in turns)
        print(f"{name:8} {len(turns):8} {sent:10} {given:11}")


def record(name: str, url: str) -> None:
    """Carry a task out, and say whether its answer is right."""
    done = run(TASKS[name], url)
    print(done.stderr)
    print(done.stdout)
    print("exit", done.returncode, "right" if TASKS[name].right(done.stdout) else "WRONG")


if __name__ == "__main__":
    {"figures": figures, "record": record}[sys.argv[1]](*sys.argv[2:])
