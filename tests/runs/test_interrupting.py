"""Whatever stops a run stops the work that is going on, closes what was opened, and leaves the memory true."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from actlet import ActionStep, AgentInterruptedError, CodeAgent, TaskStep, Tool, ToolCallingAgent, tool
from actlet.messages import ChatMessage, ChatMessageStreamDelta
from actlet.models import Model
from actlet.testing import ScriptedModel

SPIN = "<code>\nstarted()\nwhile True:\n    pass\n</code>"


class Reached:
    """A flag that a tool or model raises when the run has come to it."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.ended = threading.Event()

    def wait(self) -> None:
        assert self.event.wait(10), "the run never came to the point"


def tools(reached: Reached) -> list[Tool]:
    @tool
    def started() -> None:
        """Says that the snippet has started."""
        reached.event.set()

    @tool
    def spin() -> None:
        """Never ends."""
        reached.event.set()
        try:
            while True:
                pass
        finally:
            reached.ended.set()

    @tool
    async def hang() -> None:
        """Waits for a long time."""
        reached.event.set()
        try:
            await asyncio.sleep(3600)
        finally:
            reached.ended.set()

    return [started, spin, hang]


class HangingModel(Model):
    """A model whose request takes for ever, and that knows when it was cancelled."""

    def __init__(self, reached: Reached) -> None:
        super().__init__(model_id="hanging")
        self.reached = reached

    async def agenerate(self, messages: Any, **_: Any) -> ChatMessage:
        self.reached.event.set()
        try:
            await asyncio.sleep(3600)
        finally:
            self.reached.ended.set()
        raise AssertionError

    async def agenerate_stream(self, messages: Any, **_: Any) -> Any:
        try:
            for number in range(10**9):
                yield ChatMessageStreamDelta(content=f"{number} ")
                self.reached.event.set()
                await asyncio.sleep(0.001)
        finally:
            self.reached.ended.set()


def member(reached: Reached, **options: Any) -> CodeAgent:
    agent = CodeAgent(
        tools(reached), ScriptedModel([SPIN]), name="helper", description="Helps.", verbosity_level=-1
    )
    return CodeAgent([], ScriptedModel(["<code>\nhelper(task='spin')\n</code>"]), managed_agents=[agent], **options)


SITUATIONS: dict[str, Callable[[Reached], Any]] = {
    "a snippet that spins": lambda r: CodeAgent(tools(r), ScriptedModel([SPIN]), verbosity_level=-1),
    "a tool called from code": lambda r: CodeAgent(
        tools(r), ScriptedModel(["<code>\nspin()\n</code>"]), verbosity_level=-1
    ),
    "an async tool called from code": lambda r: CodeAgent(
        tools(r), ScriptedModel(["<code>\nhang()\n</code>"]), verbosity_level=-1
    ),
    "a tool called by JSON": lambda r: ToolCallingAgent(
        tools(r), ScriptedModel([[("spin", {})]]), verbosity_level=-1
    ),
    "tools side by side": lambda r: ToolCallingAgent(
        tools(r), ScriptedModel([[("spin", {}), ("hang", {})]]), verbosity_level=-1
    ),
    "a model's request": lambda r: CodeAgent([], HangingModel(r), verbosity_level=-1),
    "a model's stream": lambda r: CodeAgent([], HangingModel(r), verbosity_level=-1, stream_outputs=True),
    "a managed agent": lambda r: member(r, verbosity_level=-1),
}


@pytest.fixture(params=SITUATIONS)
def situation(request: pytest.FixtureRequest) -> tuple[Any, Reached]:
    reached = Reached()
    return SITUATIONS[request.param](reached), reached


def assert_goes_on(agent: Any) -> None:
    """The memory is true: the task is there, a step that had begun says that it was stopped, and it can go on."""
    steps = agent.memory.steps
    assert isinstance(steps[0], TaskStep)
    assert all(step.error is not None for step in steps[1:] if isinstance(step, ActionStep))
    agent.model = ScriptedModel(
        ["<code>\nfinal_answer('went on')\n</code>"]
        if isinstance(agent, CodeAgent)
        else [[("final_answer", {"answer": "went on"})]]
    )
    agent.stream_outputs = False
    assert agent.run("Go on.", reset=False) == "went on"


def test_interrupt_stops_a_run_in_a_thread(situation: tuple[Any, Reached]) -> None:
    agent, reached = situation
    raised: list[BaseException] = []

    def run() -> None:
        try:
            agent.run("never ends")
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    reached.wait()
    agent.interrupt()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(raised[0], AgentInterruptedError)
    assert_goes_on(agent)


def test_interrupt_stops_a_run_on_an_event_loop(situation: tuple[Any, Reached]) -> None:
    agent, reached = situation

    async def main() -> None:
        task = asyncio.create_task(agent.arun("never ends"))
        await asyncio.to_thread(reached.wait)
        agent.interrupt()
        with pytest.raises(AgentInterruptedError):
            await asyncio.wait_for(task, 5)
        await asyncio.sleep(0)  # the task that was interrupted was not cancelled: awaiting goes on as ever

    asyncio.run(main())
    assert_goes_on(agent)


def test_cancelling_the_task_stops_the_run(situation: tuple[Any, Reached]) -> None:
    agent, reached = situation

    async def main() -> None:
        task = asyncio.create_task(agent.arun("never ends"))
        await asyncio.to_thread(reached.wait)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done
        assert task.cancelled()

    asyncio.run(main())
    assert_goes_on(agent)


@pytest.mark.parametrize(
    "name", ["a tool called from code", "an async tool called from code", "a model's request", "a model's stream"]
)
@pytest.mark.parametrize("on_loop", [False, True])
def test_what_was_going_on_has_really_ended(name: str, on_loop: bool) -> None:
    reached = Reached()
    agent = SITUATIONS[name](reached)

    async def interrupted() -> None:
        task = asyncio.create_task(agent.arun("never ends"))
        await asyncio.to_thread(reached.wait)
        task.cancel()
        await asyncio.wait([task])

    if on_loop:
        asyncio.run(interrupted())
    else:
        thread = threading.Thread(target=lambda: pytest.raises(AgentInterruptedError, agent.run, "never ends"))
        thread.start()
        reached.wait()
        agent.interrupt()
        thread.join(5)
    assert reached.ended.wait(5)


def test_leaving_a_stream_early_stops_the_run_and_keeps_the_memory() -> None:
    reached = Reached()
    agent = CodeAgent([], HangingModel(reached), verbosity_level=-1, stream_outputs=True)
    for event in agent.run("count", stream=True):
        assert isinstance(event, ChatMessageStreamDelta)
        break
    assert reached.ended.wait(5)
    assert_goes_on(agent)


def test_leaving_an_asynchronous_stream_early_stops_the_run() -> None:
    reached = Reached()
    agent = CodeAgent([], HangingModel(reached), verbosity_level=-1, stream_outputs=True)

    async def main() -> None:
        async with aclosing(agent.astream("count")) as events:
            async for _ in events:
                break
        assert reached.ended.is_set()

    asyncio.run(main())
    assert_goes_on(agent)


def test_a_step_that_was_left_after_the_model_spoke_is_remembered_as_stopped() -> None:
    reached = Reached()
    agent = CodeAgent(tools(reached), ScriptedModel([SPIN]), verbosity_level=-1)
    thread = threading.Thread(target=lambda: pytest.raises(AgentInterruptedError, agent.run, "never ends"))
    thread.start()
    reached.wait()
    agent.interrupt()
    thread.join(5)
    step = agent.memory.steps[-1]
    assert isinstance(step, ActionStep)
    assert step.code_action is not None
    assert isinstance(step.error, AgentInterruptedError)
    assert step.timing.duration is not None


def test_interrupting_one_session_leaves_others_alone() -> None:
    reached = Reached()
    agent = CodeAgent(tools(reached), ScriptedModel([SPIN]), verbosity_level=-1)
    other = CodeAgent([], ScriptedModel(["<code>\nfinal_answer(1)\n</code>"]), verbosity_level=-1)
    session = agent.session()
    thread = threading.Thread(target=lambda: pytest.raises(AgentInterruptedError, session.run, "never ends"))
    thread.start()
    reached.wait()
    session.interrupt()
    assert other.run("one") == 1
    thread.join(5)
    assert not thread.is_alive()


def test_ctrl_c_stops_a_run_and_the_program_can_go_on() -> None:
    program = textwrap.dedent(
        """
        from actlet import CodeAgent, tool
        from actlet.testing import ScriptedModel

        @tool
        def started() -> None:
            '''Says that the snippet has started.'''
            print("started", flush=True)

        spin = "<code>\\nstarted()\\nwhile True:\\n    pass\\n</code>"
        agent = CodeAgent([started], ScriptedModel([spin, "<code>\\nfinal_answer('on')\\n</code>"]), verbosity_level=-1)
        try:
            agent.run("never ends")
        except KeyboardInterrupt:
            print("stopped", len(agent.memory.steps), flush=True)
        print(agent.run("go", reset=False), flush=True)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert out.split("\n")[:2] == ["stopped 2", "on"]
