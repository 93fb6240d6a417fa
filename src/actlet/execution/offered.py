"""What a snippet of the local box finds among its builtins besides Python's own: `print`, and a stub for each tool.

All of it goes through a `Reach`: what outlives its session (a thread that was left behind, a function that was the
answer) reaches nothing of the next one, and keeps no box alive.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ref

from .preflight import FINAL_ANSWER

if TYPE_CHECKING:
    from .local import LocalPythonExecutor


class Reach:
    """How the snippets of one session reach their box, until it is closed."""

    __slots__ = ("_box",)

    def __init__(self, box: LocalPythonExecutor) -> None:
        self._box: Callable[[], LocalPythonExecutor | None] = ref(box)

    def close(self) -> None:
        """The session is over."""
        self._box = _nobody

    def write(self, text: str) -> None:
        """What is printed goes to the snippet that runs, or else to nobody."""
        box = self._box()
        if box is not None:
            box.printed(text)

    def box(self) -> LocalPythonExecutor:
        """The box. Raises `RuntimeError` if it is gone, or another session's."""
        box = self._box()
        if box is None:
            raise RuntimeError("no tool can be called from here: the session of this code is over")
        return box


def _nobody() -> None:
    return None


def printing(write: Callable[[str], object]) -> Callable[..., None]:
    """Python's `print`, for `write`."""

    def print(
        *values: Any, sep: str | None = " ", end: str | None = "\n", file: Any = None, flush: bool = False
    ) -> None:
        """Print the values, with `sep` between them and `end` after them."""
        if file is not None:
            builtins.print(*values, sep=sep, end=end, file=file, flush=flush)
            return
        sep, end = _text("sep", sep, " "), _text("end", end, "\n")
        write(sep.join([str(value) for value in values]) + end)

    print.__qualname__, print.__module__ = "print", "builtins"
    return print


def _text(name: str, given: Any, default: str) -> str:
    if given is not None and not isinstance(given, str):
        raise TypeError(f"{name} must be None or a string, not {type(given).__name__}")
    return default if given is None else given


def stub(reach: Reach, name: str, tool: Any) -> Callable[..., Any]:
    """What a snippet calls in place of a tool. It shows nothing of the tool but how it is called."""
    if name != FINAL_ANSWER and not hasattr(tool, "bind"):
        return tool if isinstance(tool, (FunctionType, type)) else _only_called(tool)

    def stub(*args: Any, **kwargs: Any) -> Any:
        return reach.box().called(name, args, kwargs)

    if name != FINAL_ANSWER:

        def map(values: Iterable[Any]) -> list[Any]:
            """Call the tool once for each value, all at the same time."""
            return reach.box().called_for_each(name, values)

        stub.map = map  # type: ignore[attr-defined]
    stub.__name__ = stub.__qualname__ = name
    stub.__module__ = "tools"
    stub.__doc__ = getattr(tool, "description", None)
    signature = getattr(tool, "signature", None)
    if isinstance(signature, inspect.Signature):
        stub.__signature__ = signature  # type: ignore[attr-defined]
    return stub


def _only_called(tool: Callable[..., Any]) -> Callable[..., Any]:
    """An object that can be called, without its attributes."""

    def stub(*args: Any, **kwargs: Any) -> Any:
        return tool(*args, **kwargs)

    stub.__doc__ = tool.__doc__
    return stub
