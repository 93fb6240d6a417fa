"""Where code runs: the interface of a box, and the boxes.

Rule: a box runs snippets and asks for tools; it knows no agent and no run. The local box is loaded on first use.
"""

from typing import TYPE_CHECKING, Any

from ..errors import InterpreterError
from .box import Box, CodeOutput, PythonExecutor
from .policy import BASE_BUILTIN_MODULES
from .text import truncate_content

if TYPE_CHECKING:
    from .evaluate import evaluate_python_code
    from .local import LocalPythonExecutor

__all__ = [
    "BASE_BUILTIN_MODULES",
    "Box",
    "CodeOutput",
    "InterpreterError",
    "LocalPythonExecutor",
    "PythonExecutor",
    "evaluate_python_code",
    "truncate_content",
]

if not TYPE_CHECKING:  # or type checkers would take every name to be there

    def __getattr__(name: str) -> Any:
        if name == "LocalPythonExecutor":
            from .local import LocalPythonExecutor

            return LocalPythonExecutor
        if name == "evaluate_python_code":
            from .evaluate import evaluate_python_code

            return evaluate_python_code
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
