"""A snippet evaluated by one function call, in the local box: what smolagents calls `evaluate_python_code`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .local import TIMEOUT_SECONDS, LocalPythonExecutor
from .policy import BASE_BUILTIN_MODULES


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

    `static_tools` and `custom_tools` are functions that it may call; a `final_answer` among the former ends it with
    what that returns. Raises `InterpreterError` when the snippet fails.
    """
    box = LocalPythonExecutor(authorized_imports, max_print_outputs_length, custom_tools, timeout_seconds)
    box.send_tools(static_tools or {})
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
