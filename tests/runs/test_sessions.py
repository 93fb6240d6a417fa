"""Sessions: what is remembered, what is totalled, and who may use them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from actlet import CodeAgent, TaskStep, tool
from actlet.testing import ScriptedModel


def answering(*codes: str, **options: Any) -> CodeAgent:
    replies = [f"<code>\n{code}\n</code>" for code in codes]
    return CodeAgent([], ScriptedModel(replies), verbosity_level=-1, **options)


def test_a_session_keeps_memory_and_variables_from_run_to_run() -> None:
    agent = answering("x = 41", "final_answer(x)", "final_answer(x + 1)")
    with agent.session() as session:
        assert session.run("first") == 41
        assert session.run("second") == 42
        assert [step.task for step in session.memory.steps if isinstance(step, TaskStep)] == ["first", "second"]


def test_a_fresh_run_begins_with_nothing() -> None:
    agent = answering("x = 1\nfinal_answer(x)", "final_answer('x' in dir())")
    agent.run("first")
    assert agent.run("second") is False
    assert [step.task for step in agent.memory.steps if isinstance(step, TaskStep)] == ["second"]


def test_reset_false_goes_on() -> None:
    agent = answering("x = 1\nfinal_answer(x)", "final_answer(x + 1)")
    agent.run("first")
    assert agent.run("second", reset=False) == 2


def test_what_is_prepared_before_the_first_run_is_there() -> None:
    agent = answering("final_answer(x + y)")
    agent.python_executor("x = 1")
    agent.state["y"] = 2
    assert agent.run("sum") == 3


@pytest.mark.parametrize("size", [0, 1, 2])
def test_memory_size_keeps_that_many_earlier_interactions(size: int) -> None:
    agent = answering(*[f"final_answer({n})" for n in range(5)])
    session = agent.session(memory_size=size)
    for n in range(5):
        session.run(f"task {n}")
        tasks = [step.task for step in session.memory.steps if isinstance(step, TaskStep)]
        assert tasks == [f"task {k}" for k in range(max(0, n - size), n + 1)]


def test_totals_add_up_over_the_runs_of_a_session() -> None:
    agent = answering("final_answer(1)", "x = 1", "final_answer(2)")
    session = agent.session()
    session.run("one")
    session.run("two")
    one_reply = agent.model.usage if hasattr(agent.model, "usage") else session.memory.steps[1].token_usage
    assert session.run_count == 2
    assert session.token_usage.input_tokens == 3 * one_reply.input_tokens
    assert session.duration > 0


def test_a_session_carries_out_one_run_at_a_time() -> None:
    started, go_on = threading.Event(), threading.Event()

    @tool
    def wait() -> None:
        """Waits."""
        started.set()
        go_on.wait(10)

    replies = ["<code>\nwait()\nfinal_answer(1)\n</code>"] * 2
    session = CodeAgent([wait], ScriptedModel(replies), verbosity_level=-1).session()
    thread = threading.Thread(target=session.run, args=("first",))
    thread.start()
    started.wait(10)
    with pytest.raises(RuntimeError, match="busy with 'first'"):
        session.run("second")
    go_on.set()
    thread.join(10)
    assert session.run("third") == 1


@pytest.mark.parametrize("size", [-1, "3", 1.5, True])
def test_a_memory_size_that_is_no_number_of_interactions_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="memory_size is a whole number"):
        answering().session(memory_size=size)


def test_a_box_in_use_is_not_shared_by_runs_that_overlap() -> None:
    from actlet import LocalPythonExecutor

    executor = LocalPythonExecutor([])
    replies = ["<code>\nx = 1\n</code>", "<code>\nfinal_answer(x)\n</code>"]
    agent = CodeAgent([], ScriptedModel(replies, by="conversation"), verbosity_level=-1, executor=executor)

    async def main() -> list[Any]:
        return await asyncio.gather(*(agent.arun("x") for _ in range(5)))

    assert asyncio.run(main()) == [1] * 5
