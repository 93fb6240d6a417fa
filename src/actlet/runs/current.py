"""Which run is going on here: for tools and callbacks, and for agents that are run by other agents' tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Run

_current: ContextVar[Run | None] = ContextVar("actlet_run", default=None)


def current_run() -> Run | None:
    """The run that called the tool, check or callback that is asking; None outside of all of them."""
    return _current.get()


def within(run: Run, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, for which `current_run()` is `run`."""

    def called(**arguments: Any) -> Any:
        token = _current.set(run)
        try:
            return function(**arguments)
        finally:
            _current.reset(token)

    return called


def awithin(run: Run, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """`within`, for a function that is awaited."""

    async def called(**arguments: Any) -> Any:
        token = _current.set(run)
        try:
            return await function(**arguments)
        finally:
            _current.reset(token)

    return called
