"""A memory told again: the steps of a session, drawn from what it kept. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType

from ..memory import ActionStep, MemoryStep, PlanningStep, TaskStep
from .panels import code_panel, literal, markdown, messages_panel, rule, task_panel

_LONGEST = 2_000  # characters of an observation


def replay(memory: Any, logger: Any, detailed: bool = False) -> None:
    """Print what a memory holds on a logger; `detailed` adds the messages that the model was sent."""
    logger.replay(memory, detailed=detailed)


def retold(console: Console, memory: Any, detailed: bool) -> RenderableType:
    """What a memory holds, step by step."""
    parts: list[RenderableType] = []
    if detailed:
        parts.append(markdown(console, memory.system_prompt.system_prompt, "System prompt", "dim"))
    for step in memory.steps:
        parts.extend(_step(console, step, detailed))
    return Group(*parts)


def _step(console: Console, step: MemoryStep, detailed: bool) -> Iterator[RenderableType]:
    if isinstance(step, TaskStep):
        yield task_panel(step.task, "", "task")
        return
    if not isinstance(step, ActionStep | PlanningStep):
        return
    yield rule(f"Step {step.step_number}" if isinstance(step, ActionStep) else "Plan")
    if detailed and step.model_input_messages is not None:
        yield messages_panel(step.model_input_messages)
    yield from _action(console, step) if isinstance(step, ActionStep) else [literal(step.plan)]


def _action(console: Console, step: ActionStep) -> Iterator[RenderableType]:
    if step.model_output_message is not None:
        yield literal(step.model_output_message.text)
    if step.code_action is not None:
        yield code_panel(console, "Code", step.code_action)
    else:
        yield from (literal(f"Calls {call.name} with {call.arguments}") for call in step.tool_calls or ())
    if step.observations:
        yield literal(step.observations[:_LONGEST])
    if step.error is not None:
        yield literal(f"Error: {step.error}", "bold red")
