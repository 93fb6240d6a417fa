"""Types as JSON schema says them, turned into Python type hints.

Class tools declare their inputs in this language (smolagents' own, a dialect of JSON schema with "image", "audio"
and "any"), and so do tools of other systems. A schema that says more than is known here becomes the nearest wider
type.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import NoneType
from typing import Annotated, Any, Literal, NotRequired

AUTHORIZED_TYPES = ["string", "boolean", "integer", "number", "image", "audio", "array", "object", "any", "null"]

_HINTS: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "array": list,
    "object": dict,
    "null": NoneType,
}
_BOUNDS = {
    "pattern": "pattern",
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
}


def hint_of(schema: Mapping[str, Any], name: str = "Value") -> Any:
    """The type hint that a JSON schema stands for; `name` names the type of an object with listed properties."""
    hint = _bounded(_plain(schema, name), schema)
    return hint | None if schema.get("nullable") and hint is not Any else hint


def union(hints: list[Any]) -> Any:
    """The union of these hints; Any when one of them is."""
    return Any if any(hint is Any for hint in hints) else reduce(or_, hints)


def _plain(schema: Mapping[str, Any], name: str) -> Any:
    if "enum" in schema or "const" in schema:
        return Literal[tuple(schema.get("enum") or [schema["const"]])]
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return union([hint_of(branch, name) for branch in branches])
    kind = schema.get("type", "any")
    if isinstance(kind, (list, tuple)):
        return union([_plain({**schema, "type": one}, name) for one in kind])
    if kind == "array" and isinstance(schema.get("items"), Mapping):
        return list[hint_of(schema["items"], name + "Item")]  # type: ignore[misc]
    if kind == "object":
        return _object(schema, name)
    return _HINTS.get(kind, Any)


def _object(schema: Mapping[str, Any], name: str) -> Any:
    if isinstance(schema.get("properties"), Mapping):
        return _typed_dict(schema, str(schema.get("title") or name))
    if isinstance(schema.get("additionalProperties"), Mapping):
        return dict[str, hint_of(schema["additionalProperties"], name + "Value")]  # type: ignore[misc]
    return dict


def _typed_dict(schema: Mapping[str, Any], name: str) -> Any:
    from typing_extensions import TypedDict

    required = schema.get("required", ())
    fields: dict[str, Any] = {}
    for key, value in schema["properties"].items():
        hint = hint_of(value, key.title().replace("_", ""))
        if value.get("description"):
            hint = Annotated[hint, value["description"]]
        fields[key] = hint if key in required else NotRequired[hint]
    return TypedDict(name if name.isidentifier() else "Value", fields)  # type: ignore[operator]


def _bounded(hint: Any, schema: Mapping[str, Any]) -> Any:
    bounds = {ours: schema[theirs] for theirs, ours in _BOUNDS.items() if theirs in schema}
    if not bounds or hint is Any:
        return hint
    from pydantic import Field

    return Annotated[hint, Field(**bounds)]
