"""Typed final answers: what an answer has to be, how the model is told, and how it is held to it."""

from __future__ import annotations

from typing import Any

from ..errors import AgentError
from ..memory.steps import as_text, described
from ..tools.adapters import prepared
from ..tools.hints import Definitions, write_hint


class AnswerType:
    """What a final answer has to be: any type that pydantic knows (`int`, `list[str]`, a model, a dataclass).

    Raises `TypeError` for one that it doesn't know.
    """

    def __init__(self, output_type: Any) -> None:
        self._type = output_type
        self._adapter = _adapter(output_type)

    def __reduce__(self) -> Any:
        return AnswerType, (self._type,)

    def describe(self) -> str:
        """What the model is told: the type as Python writes it, with the classes that it has to know."""
        definitions: Definitions = {}
        hint = write_hint(self._type, definitions)
        if not definitions:
            return f"of the type `{hint}`."
        classes = "\n".join(definitions.values())
        return f"of the type `{hint}`:\n```python\n{classes}\n```"

    def tool(self) -> Any:
        """The tool that gives such an answer."""
        from .answer_tool import TypedAnswerTool

        return TypedAnswerTool(self._type)

    def fit(self, answer: Any) -> Any:
        """`answer` as the type; text is read as JSON where the type isn't text. Raises `AgentError`.

        Whatever a validator of the type raises (a `KeyError`) says that the answer doesn't fit.
        """
        try:
            return self._adapter.validate_python(answer)
        except Exception as error:
            if isinstance(answer, str):
                return self._from_text(answer, error)
            raise AgentError(_misfit(error)) from error

    def _from_text(self, answer: str, first: Exception) -> Any:
        try:
            return self._adapter.validate_json(answer)
        except Exception as error:
            wrong_json = any(detail["type"] == "json_invalid" for detail in _details(error))
            raise AgentError(_misfit(first if wrong_json else error)) from error


def _adapter(output_type: Any) -> Any:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    problem = f"output_type must be a type that pydantic knows, not {output_type!r}"
    if isinstance(output_type, str):
        raise TypeError(f"{problem}: give the type itself, not its name")
    try:
        return TypeAdapter(prepared(output_type))
    except PydanticUserError as error:
        raise TypeError(f"{problem}: {str(error).splitlines()[0]}") from error


def _details(error: Exception) -> list[Any]:
    """What pydantic says of each part that doesn't fit; nothing of an error that a validator raised itself."""
    from pydantic import ValidationError

    return list(error.errors()) if isinstance(error, ValidationError) else []


def _misfit(error: Exception) -> str:
    problems = [
        f"- {'.'.join(map(str, detail['loc'])) or 'the answer'}: {detail['msg']}, "
        f"not {as_text(detail['input'], repr):.200}"
        for detail in _details(error)
    ]
    told = problems or [f"- its check raised {described(error)}"]
    return "The final answer is not of the type that was asked for:\n" + "\n".join(told)
