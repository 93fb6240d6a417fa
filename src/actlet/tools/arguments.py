"""Checking the arguments of a call against a tool's parameters.

The rule: a value that is right as it is passes as it is, the very object; only one that isn't is converted, as far
as that loses nothing ("3" for an int, a list for a tuple, a number of numpy's, a list written as JSON text; True is
no 1). What can't be converted is a problem, and all problems of a call are told at once, each with what was given
and wanted.

A value whose type says it all (a str where a str is wanted) is let through without pydantic, which is not even
imported then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from ..errors import AgentToolCallError
from .adapters import adapter
from .hints import Definitions, write_hint
from .parameters import Parameter

_SIMPLE: dict[Any, frozenset[type]] = {
    **{cls: frozenset({cls}) for cls in (str, int, bool, list, dict, tuple, set, bytes, NoneType)},
    float: frozenset({float, int}),
}
_LONGEST_VALUE = 80
_MOST_DETAILS = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a call; `of_type` tells a value of the wrong type from a wrong name."""

    text: str
    of_type: bool = False


class Unfit(Exception):
    """A value doesn't fit; the message says what is wrong inside of it, if that says more than the hint does."""


class Checks:
    """The checks of a tool's arguments; pydantic's validators are built the first time that they are needed."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._checks = {p.name: _Check(p) for p in parameters}
        self._required = [name for name, check in self._checks.items() if check.parameter.required]

    def run(self, tool_name: str, arguments: Any) -> dict[str, Any]:
        """The arguments, each right for its hint. Raises `AgentToolCallError` that names every problem."""
        checked, problems = self.look(arguments)
        if problems:
            lines = "".join(f"\n- {problem.text}" for problem in problems)
            raise AgentToolCallError(f"The call of {tool_name!r} doesn't fit:{lines}")
        return checked

    def look(self, arguments: Any) -> tuple[dict[str, Any], list[Problem]]:
        """What of the arguments is right, and the problems of the rest."""
        if not isinstance(arguments, Mapping):
            arguments = self._named(arguments)
        checked: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in arguments.items():
            check = self._checks.get(name)
            if check is None:
                problems.append(self._unknown(name))
            elif check.passes(value):
                checked[name] = value
            elif not check.left_out(value):
                try:
                    checked[name] = check.converted(value)
                except Unfit as unfit:
                    problems.append(_unfit(name, value, check.wanted(brief=bool(str(unfit))), str(unfit)))
        for name in self._required:
            if name not in arguments:
                wanted = self._checks[name].wanted()
                problems.append(Problem(f"Argument {name} is required: {wanted}"))
        return checked, problems

    def _named(self, value: Any) -> Mapping[str, Any]:
        """A bare value, as the argument of a tool that takes one. No arguments at all may come as None or ""."""
        names = self._required or list(self._checks)
        if len(names) == 1:
            return {names[0]: value}
        return {} if value in (None, "") else {str(value)[:_LONGEST_VALUE]: value}

    def _unknown(self, name: str) -> Problem:
        import difflib

        close = difflib.get_close_matches(name, self._checks, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(self._checks) or 'none'}"
        return Problem(f"Argument {name} is not in the tool's input schema: {hint}")


class _Check:
    """The check of one parameter."""

    __slots__ = ("_adapter", "_exact", "parameter")

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self._exact = None if parameter.hint is Any else exact_types(parameter.hint)
        self._adapter: Any = None

    def passes(self, value: Any) -> bool:
        """Whether the value's type alone shows that it is right."""
        return self._exact is None or type(value) in self._exact

    def left_out(self, value: Any) -> bool:
        """Whether the value is a null that stands for "not given", as models write it for optional arguments."""
        return value is None and not self.parameter.required and self.parameter.default is not None

    def wanted(self, brief: bool = False) -> str:
        """What fits, as text, with the classes that it names unless `brief`."""
        definitions: Definitions = {}
        lines = [f"expected {write_hint(self.parameter.hint, definitions)}"]
        if not brief:
            lines += [line for text in definitions.values() for line in text.splitlines()]
        return "\n  ".join(lines)

    def converted(self, value: Any) -> Any:
        """The value itself if it is right, or what it converts to. Raises `Unfit`."""
        from pydantic import ValidationError

        if self._adapter is None:
            self._adapter = adapter(self.parameter.hint)
        try:
            strict = self._adapter.validate_python([value], strict=True)[0]
        except ValidationError:
            return self._lax(value)
        return value if strict is value or _same(strict, value) else strict

    def _lax(self, value: Any) -> Any:
        from pydantic import ValidationError

        try:
            return self._converted_lax(value)
        except ValidationError as error:
            plain = plain_data(value)
            if plain is value:
                raise Unfit(_details(error)) from None
        try:
            return self._converted_lax(plain)
        except ValidationError as error:
            raise Unfit(_details(error)) from None

    def _converted_lax(self, value: Any) -> Any:
        """What the value converts to. Raises `Unfit` for True or False that would become a number."""
        converted = self._adapter.validate_python([value])[0]
        number = isinstance(converted, int | float | Decimal) and not isinstance(converted, bool | Enum)
        if isinstance(value, bool) and number:
            raise Unfit
        return converted


def exact_types(hint: Any) -> frozenset[type]:
    """The types whose values need no look inside to fit the hint."""
    args = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return frozenset().union(*map(exact_types, args))
    if get_origin(hint) is Annotated and all(isinstance(extra, str) for extra in args[1:]):
        return exact_types(args[0])
    try:
        return _SIMPLE.get(hint, frozenset())
    except TypeError:  # an Annotated hint with unhashable metadata
        return frozenset()


def plain_data(value: Any) -> Any:
    """What a value says as plain data: arrays as lists, JSON text as what it says; itself if it is plain."""
    if isinstance(value, str):
        return _read_json(value)
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain_data(item) if hasattr(item, "tolist") else item for item in value]
    return value


def _read_json(text: str) -> Any:
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _same(converted: Any, value: Any) -> bool:
    try:
        return type(converted) is type(value) and bool(converted == value)
    except Exception:  # == is the value's own code and may raise anything, as an array's does
        return False


def _unfit(name: str, value: Any, wanted: str, details: str) -> Problem:
    given = repr(value)
    if len(given) > _LONGEST_VALUE:
        given = given[:_LONGEST_VALUE] + "..."
    text = f"Argument {name} is {given} of type {type(value).__name__}, {wanted}"
    return Problem(f"{text}; {details}" if details else text, of_type=True)


def _details(error: Any) -> str:
    """What pydantic says of the inside of a value; "" when it only says that the value as a whole is wrong."""
    told = []
    for one in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(part) for part in one["loc"][1:])
        if path:
            told.append(f"{path}: {one['msg']}")
    more = f"; and {len(told) - _MOST_DETAILS} more" if len(told) > _MOST_DETAILS else ""
    return "; ".join(told[:_MOST_DETAILS]) + more
