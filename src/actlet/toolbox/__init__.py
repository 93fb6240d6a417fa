"""The tools that come with the package, one file each, loaded when they are asked for.

`TOOL_MAPPING` are the base tools, which an agent gets with `add_base_tools`; `get_tool` makes any of the toolbox.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..tools import Tool
from .python_interpreter import PythonInterpreterTool

if TYPE_CHECKING:
    from .calculator import CalculatorTool
    from .final_answer import FinalAnswerTool
    from .sql import SQLTool
    from .table_statistics import TableStatisticsTool
    from .user_input import UserInputTool

__all__ = [
    "TOOL_MAPPING",
    "CalculatorTool",
    "FinalAnswerTool",
    "PythonInterpreterTool",
    "SQLTool",
    "TableStatisticsTool",
    "UserInputTool",
    "get_tool",
]

_CLASSES = {
    "final_answer": "FinalAnswerTool",
    "user_input": "UserInputTool",
    "python_interpreter": "PythonInterpreterTool",
    "calculator": "CalculatorTool",
    "sql": "SQLTool",
    "table_statistics": "TableStatisticsTool",
}
_MODULES = {class_name: module for module, class_name in _CLASSES.items()}

TOOL_NAMES = tuple(_CLASSES)
"""The names that `get_tool` knows."""

TOOL_MAPPING: dict[str, type[Tool]] = {"python_interpreter": PythonInterpreterTool}


def get_tool(name: str, **options: Any) -> Tool:
    """A new tool of the toolbox by its name; `options` go to its class. Raises `ValueError` for an unknown name."""
    if name not in _CLASSES:
        raise ValueError(f"there is no tool {name!r} in the toolbox; it has {', '.join(_CLASSES)}")
    made: Tool = getattr(import_module(f".{name}", __name__), _CLASSES[name])(**options)
    return made


if not TYPE_CHECKING:  # or type checkers would take every name to be there

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
