"""The few ways of waiting that a driver has to know; every effect comes down to these.

`Call` runs a function; `Open` starts something that gives several things over time (a streamed reply, tool calls
side by side, a snippet in a box) and `Next` waits for the next of them; `Sleep` lets time pass. Two drivers perform
them: one in a thread, one on an event loop. Nothing else in actlet waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bridges import END
from ..execution.box import Box

__all__ = ["END", "Call", "Close", "Gather", "Next", "Open", "Sleep", "Snippet", "Stream", "Wait"]


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that a driver waits for."""


@dataclass(frozen=True, slots=True)
class Call(Wait):
    """Call a function. Result: what it returns.

    `function` blocks, `coroutine` is `async def`; one of them may be None. `timeout` is in seconds; past it,
    `TimeoutError` is raised, and the function is stopped as far as Python code can be stopped. Calls of one `line`
    that are gathered go on one after another, in the order asked.
    """

    function: Callable[..., Any] | None
    coroutine: Callable[..., Any] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Sleep(Wait):
    """Let `seconds` pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stream:
    """A reply in pieces: a function that gives an iterator, or an async one. Each `Next` is a piece."""

    function: Callable[..., Any] | None
    coroutine: Callable[..., Any] | None
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gather:
    """Calls side by side, at most `limit` at once. Each `Next` is `(position, value, error)`, as they finish."""

    calls: tuple[Call, ...]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code in a box. Each `Next` is what the box delivers; closed before the `CodeOutput`, it is interrupted."""

    box: Box
    code: str


@dataclass(frozen=True, slots=True)
class Open(Wait):
    """Start a source. Result: the source, to be given to `Next`."""

    source: Stream | Gather | Snippet


@dataclass(frozen=True, slots=True)
class Next(Wait):
    """Wait for the next thing of an opened source. Result: that thing, or `END` when nothing more will come."""

    opened: Any


@dataclass(frozen=True, slots=True)
class Close(Wait):
    """Be done with a source, ended or not. Result: of a snippet, the last thing that came; else None."""

    opened: Any
