"""What a loop can want done. A loop yields an effect and is sent its result, or has its error raised.

Effects are frozen and say *what*; `performing.py` says how, and wrappers (`wrapping.py`) stand between. What an
effect holds may be live (tools, a step); its result is data, so that a journal can keep it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..execution.box import Answer
from ..memory.steps import MemoryStep, ToolCall
from ..messages import ChatMessage


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a loop wants done."""


@dataclass(frozen=True, slots=True)
class Generate(Effect):
    """Have the model reply. Result: `ChatMessage`. With `stream`, pieces come by as events on the way."""

    messages: list[ChatMessage]
    stop_sequences: list[str] | None = None
    response_format: dict[str, Any] | None = None
    tools: Sequence[Any] | None = None
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Prepare(Effect):
    """Offer the run's tools to the box and bind its variables. Result: None."""

    tools: Mapping[str, Any]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunCode(Effect):
    """Run a snippet in the box. Result: `CodeOutput`, or `Suspended` where it called tools."""

    code: str


@dataclass(frozen=True, slots=True)
class Resume(Effect):
    """Answer the calls of a suspended snippet. Result: as of `RunCode`."""

    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class CallTools(Effect):
    """Call tools, at once where there are several. Result: a tuple of `ToolResult`, in the order asked.

    `from_code` tells the calls that a snippet makes from those that a model wrote as JSON.
    """

    calls: tuple[ToolCall, ...]
    from_code: bool = False


@dataclass(frozen=True, slots=True)
class Check(Effect):
    """Hold a final answer against the agent's checks. Result: None; a check that fails raises `AgentError`."""

    answer: Any


@dataclass(frozen=True, slots=True)
class Notify(Effect):
    """Show a finished step to the callbacks that are registered for it, which may change it. Result: None."""

    step: MemoryStep


@dataclass(frozen=True, slots=True)
class Now(Effect):
    """Read the clock. Result: seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of one tool call: a value, or an error (of the tool, or of the call)."""

    call: ToolCall
    value: Any = None
    error: Exception | None = None
