"""What a run reports while it goes on. Nothing is ever sent back for an event.

Two kinds. The events of `StreamEvent` are what `run(stream=True)` yields, in the order that smolagents' users know:
pieces of a reply, tool calls, what came of them, finished steps, the final answer, and word of a retry. A `Notice`
is for observers only (consoles, pages, traces): it tells what is about to happen, and what goes on inside a step.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..execution.box import CodeOutput
from ..memory.steps import ActionStep, FinalAnswerStep, PlanningStep, ToolCall
from ..messages import ChatMessageStreamDelta
from .effects import Generate, ToolResult


@dataclass(frozen=True, slots=True)
class ActionOutput:
    """What a step's action gave: the output, and whether it is the final answer."""

    output: Any
    is_final_answer: bool


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What came of one tool call that a model wrote as JSON: the value, and the text that the model is shown."""

    id: str
    output: Any
    is_final_answer: bool
    observation: str
    tool_call: ToolCall


@dataclass(frozen=True, slots=True)
class Retrying:
    """An effect failed in a way that may pass; it is tried again in `wait` seconds. What was streamed of the failed
    attempt is void."""

    effect: Generate
    error: Exception
    attempt: int
    wait: float


@dataclass(frozen=True, slots=True)
class Notice:
    """An event for observers only."""


@dataclass(frozen=True, slots=True)
class RunStarted(Notice):
    """A run begins with this task."""

    task: str


@dataclass(frozen=True, slots=True)
class StepStarted(Notice):
    """The step of this number begins; `planning` where it is a plan."""

    number: int
    planning: bool = False


@dataclass(frozen=True, slots=True)
class ModelCalled(Notice):
    """The model is about to be sent this request; told again for each attempt."""

    request: Generate


@dataclass(frozen=True, slots=True)
class CodeStarted(Notice):
    """A snippet is about to run."""

    code: str


@dataclass(frozen=True, slots=True)
class CodePrinted(Notice):
    """A running snippet printed this."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeFinished(Notice):
    """A snippet ended."""

    outcome: CodeOutput


@dataclass(frozen=True, slots=True)
class ToolStarted(Notice):
    """A tool is about to be called, by a snippet (`from_code`) or by JSON."""

    call: ToolCall
    from_code: bool


@dataclass(frozen=True, slots=True)
class ToolFinished(Notice):
    """A tool call ended."""

    result: ToolResult
    from_code: bool


@dataclass(frozen=True, slots=True)
class RunFinished(Notice):
    """The run is over: `error` is None when it gave an answer."""

    output: Any = None
    error: BaseException | None = None


StreamEvent: TypeAlias = (
    ChatMessageStreamDelta
    | ToolCall
    | ToolOutput
    | ActionOutput
    | PlanningStep
    | ActionStep
    | FinalAnswerStep
    | Retrying
)
Event: TypeAlias = StreamEvent | Notice
Events: TypeAlias = Generator[StreamEvent, None, None]
AsyncEvents: TypeAlias = AsyncGenerator[StreamEvent, None]
