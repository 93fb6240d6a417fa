"""A memory told again: the steps of a session, drawn from what it kept. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType

from ..execution.text import truncate_content
from ..memory import ActionStep, MemoryStep, PlanningStep, TaskStep
from .panels import boxed, code_panel, literal, markdown, messages_panel, rule, task_panel

_LONGEST = 4_000  # characters of an observation


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
        yield task_panel(step.task, "")
        return
    if not isinstance(step, ActionStep | PlanningStep):
        return
    yield rule(f"Step {step.step_number}" if isinstance(step, ActionStep) else "Plan")
    if detailed and step.model_input_messages is not None:
        yield messages_panel(step.model_input_messages)
    yield from _action(console, step) if isinstance(step, ActionStep) else [literal(step.plan)]


def _action(console: Console, step: ActionStep) -> Iterator[RenderableType]:
    said = step.model_output_message.text.strip() if step.model_output_message is not None else ""
    if said:
        yield literal(said)
    if step.code_action is None:
        yield from (
            boxed(f"Called tool: {call.name!r} with arguments: {call.arguments}") for call in step.tool_calls or ()
        )
    elif step.code_action not in said:
        yield code_panel(console, "Code", step.code_action)
    if step.observations:
        yield literal(truncate_content(step.observations, _LONGEST))
    if step.error is not None:
        yield literal(f"Error: {step.error}", "bold red")
