"""What the tests of agents share: tools, replies, and agents that print nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from actlet import ActionStep, CodeAgent, LogLevel, ToolCallingAgent, tool
from actlet.testing import ScriptedModel


@tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@tool
def fail(reason: str) -> str:
    """Fails with a reason."""
    raise OSError(reason)


@tool
async def slow_double(number: int) -> int:
    """Doubles a number, some time later."""
    await asyncio.sleep(0.01)
    return 2 * number


def code(text: str, thought: str = "I write code.") -> str:
    """A reply of a model that acts by code."""
    return f"{thought}\n<code>\n{text}\n</code>"


def answer(value: Any) -> str:
    """A reply that gives the final answer by code."""
    return code(f"final_answer({value!r})")


def call_answer(value: Any) -> list[Any]:
    """A reply that gives the final answer by a tool call."""
    return [("final_answer", {"answer": value})]


def scripted(replies: Any, **options: Any) -> ScriptedModel:
    return replies if isinstance(replies, ScriptedModel) else ScriptedModel(replies, **options)


def coder(replies: Any, tools: Iterable[Any] = (), **options: Any) -> CodeAgent:
    return CodeAgent(tools=list(tools), model=scripted(replies), verbosity_level=LogLevel.OFF, **options)


def caller(replies: Any, tools: Iterable[Any] = (), **options: Any) -> ToolCallingAgent:
    return ToolCallingAgent(tools=list(tools), model=scripted(replies), verbosity_level=LogLevel.OFF, **options)


def actions(agent: Any) -> list[ActionStep]:
    """The action steps of an agent's memory."""
    return [step for step in agent.memory.steps if isinstance(step, ActionStep)]


def kinds(events: Iterable[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


def sent(agent: Any, call: int = -1) -> str:
    """All text that the model was sent in one of its calls."""
    return "\n".join(message.text for message in agent.model.calls[call].messages)


async def collected(events: Any) -> list[Any]:
    return [event async for event in events]


def both_ways(agent: Any) -> list[Callable[..., Any]]:
    """`run` and `arun`, to be called alike."""
    return [agent.run, lambda *args, **kwargs: asyncio.run(agent.arun(*args, **kwargs))]
