"""One agent object, any number of runs at once, from threads and from tasks."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from gone import all_gone

from actlet import ActionStep, CodeAgent, ToolCallingAgent, current_run, tool
from actlet.messages import ChatMessage, MessageRole, TokenUsage
from actlet.models import Model


class Adder(Model):
    """Answers "add A B" in two steps; each conversation finds its place in its own messages."""

    native_tool_history = True

    def __init__(self, code: bool) -> None:
        super().__init__(model_id="adder")
        self.code = code

    def reply(self, messages: Any) -> ChatMessage:
        task = next(m.text for m in messages if "add " in m.text and m.role == MessageRole.USER)
        _, a, b = task.split("add ")[-1].join(["add ", ""]).split()[:3]
        usage = TokenUsage(10, 1)
        first = not any(m.role == MessageRole.ASSISTANT for m in messages)
        if self.code:
            text = f"<code>\nx = add({a}, {b})\nprint(x)\n</code>" if first else "<code>\nfinal_answer(x)\n</code>"
            return ChatMessage(MessageRole.ASSISTANT, text, token_usage=usage)
        result = None if first else messages[-1].text
        name, arguments = ("add", {"a": int(a), "b": int(b)}) if first else ("final_answer", {"answer": result})
        call = {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
        return ChatMessage(MessageRole.ASSISTANT, None, tool_calls=[call], token_usage=usage)  # type: ignore[list-item]

    def generate(self, messages: Any, **_: Any) -> ChatMessage:
        return self.reply(messages)

    async def agenerate(self, messages: Any, **_: Any) -> ChatMessage:
        await asyncio.sleep(0.001)
        return self.reply(messages)


@tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@pytest.fixture(params=[CodeAgent, ToolCallingAgent])
def agent(request: pytest.FixtureRequest) -> Any:
    return request.param([add], Adder(code=request.param is CodeAgent), verbosity_level=-1)


def test_runs_of_one_agent_from_many_threads_each_get_their_own_answer(agent: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: agent.run(f"add {n} 1000"), range(100)))
    assert [int(answer) for answer in answers] == [n + 1000 for n in range(100)]


def test_runs_of_one_agent_from_many_tasks_each_get_their_own_answer(agent: Any) -> None:
    async def main() -> list[Any]:
        return await asyncio.gather(*(agent.arun(f"add {n} 1000") for n in range(100)))

    assert [int(answer) for answer in asyncio.run(main())] == [n + 1000 for n in range(100)]


def test_an_agent_serves_event_loops_one_after_another(agent: Any) -> None:
    assert [int(asyncio.run(agent.arun(f"add {n} 1"))) for n in range(3)] == [1, 2, 3]


def test_a_callback_sees_the_memory_of_its_own_run() -> None:
    wrong = []

    def callback(step: ActionStep, agent: Any) -> None:
        task = agent.memory.steps[0].task
        if task != agent.task or step in agent.memory.steps:
            wrong.append(task)

    agent = CodeAgent([add], Adder(code=True), verbosity_level=-1, step_callbacks=[callback])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: agent.run(f"add {n} 1"), range(40)))
    assert wrong == []


def test_a_tool_can_ask_which_run_called_it() -> None:
    @tool
    def which() -> str:
        """Says which task is being carried out."""
        run = current_run()
        return run.task if run else "none"

    class Asker(Adder):
        def reply(self, messages: Any) -> ChatMessage:
            return ChatMessage(MessageRole.ASSISTANT, "<code>\nfinal_answer(which())\n</code>")

    agent = CodeAgent([which], Asker(code=True), verbosity_level=-1)

    async def main() -> list[Any]:
        return await asyncio.gather(*(agent.arun(f"task {n}") for n in range(10)))

    assert asyncio.run(main()) == [f"task {n}" for n in range(10)]
    assert agent.run("task 11") == "task 11"
    assert current_run() is None


def test_many_runs_leave_no_threads_behind_but_those_that_are_parked() -> None:
    agent = CodeAgent([add], Adder(code=True), verbosity_level=-1)
    at_once, rounds = 10, 20

    async def main() -> None:
        await asyncio.gather(*(agent.arun(f"add {n} 1") for n in range(at_once)))

    before = threading.active_count()
    for _ in range(rounds):
        asyncio.run(main())
    threads_of_a_run = 2  # its snippet, and the tool that the snippet waits for
    watchdog = 1
    assert threading.active_count() - before <= at_once * threads_of_a_run + watchdog


def test_an_agent_that_nobody_needs_is_gone_at_once_without_the_garbage_collector() -> None:
    agent = CodeAgent([add], Adder(code=True), verbosity_level=-1)
    assert agent.run("add 1 2") == 3
    assert asyncio.run(agent.arun("add 3 4")) == 7
    gone = [weakref.ref(thing) for thing in (agent, agent.memory, agent.python_executor)]
    gc.collect()
    gc.disable()
    try:
        del agent
        assert all_gone(gone)
    finally:
        gc.enable()


def test_replies_that_have_to_be_parsed_are_read_by_many_threads_at_once() -> None:
    prose = "I add.\n<code>\nx = add({a}, 1)\nfinal_answer(x)\n</code>\nThat is all there is to say of </code>."

    class Talkative(Model):
        def generate(self, messages: Any, **_: Any) -> ChatMessage:
            number = next(m.text for m in messages if m.role == MessageRole.USER).split()[-1]
            return ChatMessage(MessageRole.ASSISTANT, prose.format(a=number))

    agent = CodeAgent([add], Talkative(), verbosity_level=-1)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda n: agent.run(f"add {n}"), range(200))) == [n + 1 for n in range(200)]
