"""What an agent may call: `Tool`, `@tool`, their schemas and the check of a call's arguments.

A tool runs in the user's process, never in a box. This package knows no agent, no run and no model.
"""

from .collection import ToolCollection
from .jsontypes import AUTHORIZED_TYPES
from .tool import BaseTool, Tool, validate_tool_arguments

# isort: split
# Last: where the module `.tool` is imported after it, pyright takes `tool` to be that module.
from .function import FunctionTool, tool

__all__ = [
    "AUTHORIZED_TYPES",
    "BaseTool",
    "FunctionTool",
    "Tool",
    "ToolCollection",
    "tool",
    "validate_tool_arguments",
]
