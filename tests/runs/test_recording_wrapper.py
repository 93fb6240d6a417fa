"""A journal needs no change in any loop: a wrapper that records every effect can serve the records back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from actlet import CodeAgent, ToolCallingAgent, tool
from actlet.errors import JournalError
from actlet.runs.effects import Effect
from actlet.runs.wrapping import Perform, Performing, Wrapper
from actlet.testing import ScriptedModel

Record = tuple[str, Any, Exception | None]


def recording(records: list[Record]) -> Wrapper:
    def wrapper(perform: Perform) -> Perform:
        def performing(effect: Effect) -> Performing:
            try:
                result = yield from perform(effect)
            except Exception as error:
                records.append((type(effect).__name__, None, error))
                raise
            records.append((type(effect).__name__, result, None))
            return result

        return performing

    return wrapper


def serving(records: list[Record]) -> Wrapper:
    left: Iterator[Record] = iter(records)

    def wrapper(perform: Perform) -> Perform:
        def performing(effect: Effect) -> Performing:
            name, result, error = next(left)
            if name != type(effect).__name__:
                raise JournalError(f"{type(effect).__name__} was asked for, {name} was recorded")
            if error is not None:
                raise error
            return result
            yield

        return performing

    return wrapper


class Unreachable:
    """A model that must not be asked."""

    model_id = "unreachable"
    native_tool_history = True

    def generate(self, messages: Any, **_: Any) -> Any:
        raise AssertionError("the model was asked in a replay")


calls: list[str] = []


@tool
def population(city: str) -> int:
    """Looks up how many people live in a city."""
    calls.append(city)
    if city == "Atlantis":
        raise LookupError("no such city")
    return {"Paris": 2_100_000, "Oslo": 710_000}[city]


CODE = [
    "First I look.\n<code>\nprint(population('Paris'))\nx = population(city='Oslo')\n</code>",
    "<code>\npopulation('Atlantis')\n</code>",
    "<code>\ntry:\n    population('Atlantis')\nexcept LookupError as e:\n    final_answer([x, str(e)])\n</code>",
]
CALLS = [
    [("population", {"city": "Paris"}), ("population", {"city": "Atlantis"})],
    [("final_answer", {"answer": "2.1 million"})],
]


def recorded_and_replayed(kind: type, replies: list[Any], run: Any) -> tuple[Any, Any, Any, Any, int]:
    records: list[Record] = []
    agent = kind([population], ScriptedModel(replies), verbosity_level=-1, wrappers=[recording(records)])
    output = run(agent)
    calls.clear()
    again = kind([population], Unreachable(), verbosity_level=-1, wrappers=[serving(records)])
    return output, run(again), agent.memory.get_full_steps(), again.memory.get_full_steps(), len(calls)


def by_run(agent: Any) -> Any:
    return agent.run("How many?")


def by_arun(agent: Any) -> Any:
    return asyncio.run(agent.arun("How many?"))


@pytest.mark.parametrize("run", [by_run, by_arun])
@pytest.mark.parametrize(("kind", "replies"), [(CodeAgent, CODE), (ToolCallingAgent, CALLS)])
def test_a_recorded_run_replays_without_its_model_and_tools(kind: type, replies: list[Any], run: Any) -> None:
    output, replayed, steps, steps_again, calls_made = recorded_and_replayed(kind, replies, run)
    assert replayed == output
    assert calls_made == 0
    assert json.dumps(steps_again, default=str) == json.dumps(steps, default=str)


def test_what_runs_on_an_event_loop_is_recorded_as_what_runs_in_a_thread() -> None:
    kinds = []
    for run in (by_run, by_arun):
        records: list[Record] = []
        run(CodeAgent([population], ScriptedModel(CODE), verbosity_level=-1, wrappers=[recording(records)]))
        kinds.append([name for name, _, _ in records])
    assert kinds[0] == kinds[1]
    assert {"Prepare", "Generate", "RunCode", "CallTools", "Resume", "Notify", "Check", "Now"} == set(kinds[0])


def test_wrappers_are_entered_in_the_order_given() -> None:
    entered = []

    def named(name: str) -> Wrapper:
        def wrapper(perform: Perform) -> Perform:
            def performing(effect: Effect) -> Performing:
                entered.append(name)
                return (yield from perform(effect))

            return performing

        return wrapper

    ToolCallingAgent(
        [], ScriptedModel(CALLS[1:]), verbosity_level=-1, wrappers=[named("outer"), named("inner")]
    ).run("x")
    assert entered[:4] == ["outer", "inner", "outer", "inner"]
