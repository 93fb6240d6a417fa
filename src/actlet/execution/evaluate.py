"""A snippet evaluated by one function call, in the local box: what smolagents calls `evaluate_python_code`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .local import TIMEOUT_SECONDS, LocalPythonExecutor
from .policy import BASE_BUILTIN_MODULES


class FunctionOffered:
    """A plain function, offered to snippets as a tool."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name, self._function = name, function
        self.description = inspect.getdoc(function) or ""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The call's arguments as they are: the function itself says whether they fit."""
        return {"args": tuple(args), "kwargs": dict(kwargs)}

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function."""
        return self._function(*args, **kwargs)


def evaluate_python_code(
    code: str,
    static_tools: Mapping[str, Callable[..., Any]] | None = None,
    custom_tools: Mapping[str, Callable[..., Any]] | None = None,
    state: dict[str, Any] | None = None,
    authorized_imports: Sequence[str] = tuple(BASE_BUILTIN_MODULES),
    max_print_outputs_length: int | None = None,
    timeout_seconds: float | None = TIMEOUT_SECONDS,
) -> tuple[Any, bool]:
    """Run `code` with the variables of `state`, which it may change; `(value, whether it is a final answer)`.

    `static_tools` are functions that run outside the snippet's clock, `custom_tools` functions that run inside it.
    A `final_answer` among the tools ends the snippet. Raises `InterpreterError` when the snippet fails.
    """
    box = LocalPythonExecutor(authorized_imports, max_print_outputs_length, custom_tools, timeout_seconds)
    box.send_tools({name: FunctionOffered(name, tool) for name, tool in (static_tools or {}).items()})
    if state is not None:
        box.state.update(state)
    try:
        output = box(code)
    finally:
        if state is not None:
            state.clear()
            state.update(box.state)
        box.cleanup()
    return output.output, output.is_final_answer
