"""Typed final answers: what an answer has to be, how the model is told, and how it is held to it."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from ..errors import AgentError


class AnswerType:
    """What a final answer has to be: any type that pydantic knows (`int`, `list[str]`, a model, a dataclass)."""

    def __init__(self, output_type: Any) -> None:
        self._type = output_type

    @cached_property
    def _adapter(self) -> Any:
        from pydantic import TypeAdapter

        return TypeAdapter(self._type)

    def describe(self) -> str:
        """What the model is told: a JSON schema, which says formats as well as names."""
        schema = _without_titles(self._adapter.json_schema())
        plain = {"string": "a text", "integer": "an integer", "number": "a number", "boolean": "True or False"}
        if list(schema) == ["type"] and schema["type"] in plain:
            return f"{plain[schema['type']]}."
        return f"data that fits this JSON schema (dicts for objects): {json.dumps(schema)}"

    def fit(self, answer: Any) -> Any:
        """`answer` as the type; text is read as JSON where the type isn't text. Raises `AgentError`."""
        from pydantic import ValidationError

        try:
            return self._adapter.validate_python(answer)
        except ValidationError as error:
            if isinstance(answer, str):
                return self._from_text(answer, error)
            raise AgentError(_misfit(error)) from error

    def _from_text(self, answer: str, first: Any) -> Any:
        from pydantic import ValidationError

        try:
            return self._adapter.validate_json(answer)
        except ValidationError as error:
            wrong_json = any(detail["type"] == "json_invalid" for detail in error.errors())
            raise AgentError(_misfit(first if wrong_json else error)) from error


def _misfit(error: Any) -> str:
    problems = [
        f"- {'.'.join(map(str, detail['loc'])) or 'the answer'}: {detail['msg']}, not {detail['input']!r:.200}"
        for detail in error.errors()
    ]
    return "The final answer is not of the type that was asked for:\n" + "\n".join(problems)


def _without_titles(schema: Any) -> Any:
    """A schema without the titles that pydantic makes up, which only repeat the names."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_titles(item) for name, item in value.items()}
        if key in ("properties", "$defs")
        else _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
