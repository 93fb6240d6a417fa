"""The steps of a session's memory, and the messages that each of them becomes.

A step is the one mutable value of actlet: callbacks rewrite steps (drop an image, shorten an observation), and what
they write is what the model sees next. So a step caches the messages it becomes, and forgets them when a field is
assigned. A step that was changed in place (`step.observations_images.append(...)`) is noticed by the length of its
lists.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

from ..errors import AgentError
from ..messages import (
    ChatMessage,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
    Timing,
    TokenUsage,
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, as an agent carries it out. `arguments` are by name; for code, the code itself."""

    name: str
    arguments: Any = field(hash=False)
    id: str

    def dict(self) -> dict[str, Any]:
        """The call in the shape that chat APIs use."""
        function = {"name": self.name, "arguments": jsonable(self.arguments)}
        return {"id": self.id, "type": "function", "function": function}


def jsonable(value: Any) -> Any:
    """`value` as data that `json.dumps` takes; what has no such form becomes its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if hasattr(value, "model_dump"):
        return jsonable(value.model_dump())
    return str(value)
