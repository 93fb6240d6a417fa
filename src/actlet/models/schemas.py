"""Schemas that go to models: of a tool that has only `inputs` (others know their own), of replies in JSON."""

from __future__ import annotations

from typing import Any

CODEAGENT_RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "ThoughtAndCodeAnswer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "thought": {"type": "string", "description": "What this step does, and why."},
                "code": {"type": "string", "description": "The Python program of this step."},
            },
            "required": ["thought", "code"],
            "additionalProperties": False,
        },
    },
}
"""The reply of an agent that writes code as JSON."""


def get_tool_json_schema(tool: Any) -> dict[str, Any]:
    """`{"type": "function", "function": {"name", "description", "parameters"}}` of a tool or managed agent."""
    own = getattr(tool, "json_schema", None)
    if own is not None:
        schema: dict[str, Any] = own()
        return schema
    properties = {name: _property(dict(told)) for name, told in tool.inputs.items()}
    required = [name for name, told in tool.inputs.items() if not told.get("nullable")]
    parameters = {"type": "object", "properties": properties, "required": required}
    function = {"name": tool.name, "description": tool.description, "parameters": parameters}
    return {"type": "function", "function": function}


def _property(told: dict[str, Any]) -> dict[str, Any]:
    """An input as JSON schema has it: `nullable` is said by `required`, and anything goes has no type."""
    told.pop("nullable", None)
    if told.get("type") == "any":
        del told["type"]
    return told
