"""What a function takes and gives, read from its signature, its type hints and its docstring.

The one place where hints are resolved. It knows no JSON and no pydantic: those read the hints that stand here.
"""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, Literal, get_args, get_origin

from .docstrings import Docstring, read_docstring

EMPTY = inspect.Parameter.empty
_CHOICES = re.compile(r"\(choices:\s*(\[.*\])\s*\)\s*$", re.IGNORECASE)
_UNFIT = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
    inspect.Parameter.POSITIONAL_ONLY: "positional-only ",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool.

    `hint` is a resolved type hint (Any if unknown), `default` is EMPTY if required, `schema` its JSON schema where
    that was declared and doesn't follow from the hint.
    """

    name: str
    hint: Any = Any
    default: Any = EMPTY
    description: str = ""
    keyword_only: bool = False
    schema: Mapping[str, Any] | None = None

    @property
    def required(self) -> bool:
        """Whether a call has to give it."""
        return self.default is EMPTY

    def for_signature(self) -> inspect.Parameter:
        """The same, as `inspect` says it."""
        kind = inspect.Parameter.KEYWORD_ONLY if self.keyword_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Parameter(self.name, kind, default=self.default, annotation=self.hint)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a function: its parameters, what it returns (EMPTY if no hint says it), its descriptions."""

    parameters: tuple[Parameter, ...] = ()
    returns: Any = EMPTY
    docstring: Docstring = field(default_factory=Docstring)

    def signature(self) -> inspect.Signature:
        """The typed signature of a call."""
        # inspect wants required parameters first; a declaration by names (`inputs`) promises no order.
        ordered = sorted(self.parameters, key=lambda p: (p.keyword_only, not p.required))
        return inspect.Signature([p.for_signature() for p in ordered], return_annotation=self.returns)


def read_function(function: Callable[..., Any], names: Mapping[str, Any] | None = None) -> Facts:
    """The facts of a function, without its `self`; `names` are those that its hints may use besides its globals.

    Raises `TypeError` for a signature that can't be called by name, or that says too little for a model, and
    `NameError` for a hint whose type doesn't exist yet.
    """
    documented = read_docstring(function.__doc__)
    hints = resolved_hints(function, names)
    parameters = tuple(_parameter(function, p, hints, documented.arguments) for p in _own_parameters(function))
    return Facts(parameters, hints.get("return", EMPTY), documented)


def takes_self(function: Callable[..., Any]) -> bool:
    """Whether this is a method that no object is bound to yet."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and first.name in ("self", "cls") and first.annotation is EMPTY


def resolved_hints(function: Callable[..., Any], names: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The type hints of a function, resolved, with their `Annotated`. Raises `NameError` for an unknown type."""
    target = inspect.unwrap(function)
    while isinstance(target, partial):
        target = target.func
    if not inspect.isroutine(target):
        target = type(target).__call__
    return typing.get_type_hints(target, localns=dict(names or {}), include_extras=True)


def annotated_description(hint: Any) -> str:
    """The description that an `Annotated` hint carries: a plain string, or a pydantic `Field(description=...)`."""
    if get_origin(hint) is not Annotated:
        return ""
    for extra in get_args(hint)[1:]:
        text = extra if isinstance(extra, str) else getattr(extra, "description", None)
        if isinstance(text, str):
            return text
    return ""


def is_typed_dict(hint: Any) -> bool:
    """Whether this is a TypedDict, of `typing` or of `typing_extensions`."""
    return isinstance(hint, type) and issubclass(hint, dict) and hasattr(hint, "__required_keys__")


def without_required(hint: Any) -> Any:
    """The hint inside of a TypedDict's `Required[...]` or `NotRequired[...]`."""
    marked = getattr(get_origin(hint), "_name", None) in ("Required", "NotRequired")
    return get_args(hint)[0] if marked else hint


def _own_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.values())
    return parameters[1:] if takes_self(function) else parameters


def _parameter(
    function: Callable[..., Any], p: inspect.Parameter, hints: dict[str, Any], documented: Mapping[str, str]
) -> Parameter:
    if p.kind in _UNFIT:
        raise TypeError(
            f"{_name(function)}() can't be a tool with its parameter {_UNFIT[p.kind]}{p.name}: "
            "a model passes arguments by name, so give each a name of its own"
        )
    hint = hints.get(p.name, Any)
    description = documented.get(p.name) or annotated_description(hint)
    if p.name not in hints and p.default is EMPTY and not description:
        raise TypeError(
            f"{_name(function)}() says nothing about its parameter {p.name!r}: "
            "give it a type hint, or describe it in the docstring"
        )
    if p.default is None and hint is not Any:
        hint = hint | None
    parameter = Parameter(p.name, hint, p.default, description, p.kind is inspect.Parameter.KEYWORD_ONLY)
    return _with_choices(parameter)


def _with_choices(parameter: Parameter) -> Parameter:
    """A description that ends in `(choices: ["a", "b"])` says the type, as it does for smolagents."""
    found = _CHOICES.search(parameter.description)
    if not found:
        return parameter
    choices: Any = Literal.__getitem__(tuple(json.loads(found[1])))
    return replace(parameter, hint=choices, description=parameter.description[: found.start()].strip())


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
