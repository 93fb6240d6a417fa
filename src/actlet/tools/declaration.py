"""A class tool's declaration: `name`, `description`, `inputs`, `output_type`, checked and read.

The texts keep the phrases that smolagents' users search for. A wrong declaration is a `TypeError` or `ValueError`
when the tool is made.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .docstrings import Docstring
from .jsontypes import AUTHORIZED_TYPES, hint_of
from .parameters import EMPTY, Facts, Parameter, resolved_hints

TAKEN = "sanitize_inputs_outputs"
"""What `Tool.__call__` takes besides the arguments."""

_MEDIA = ("image", "audio")
_BARE = {"type", "description", "nullable"}
_ATTRIBUTES: dict[str, type] = {"name": str, "description": str, "inputs": dict, "output_type": str}


class Declared(Protocol):
    """What a class tool declares."""

    name: str
    description: str
    inputs: dict[str, dict[str, Any]]
    output_type: str
    output_schema: dict[str, Any] | None
    skip_forward_signature_validation: bool

    def forward(self, *args: Any, **kwargs: Any) -> Any: ...  # noqa: D102


def check_name(name: Any) -> None:
    """Raises `ValueError` unless code can call a tool by this name."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(
            f"Invalid Tool name {name!r}: it must be a valid Python identifier and not a reserved keyword"
        )


def check_parameters(names: Iterable[str], tool: str) -> None:
    """Raises `ValueError` for a parameter of the name that calling a tool takes for itself."""
    if TAKEN in names:
        raise ValueError(
            f"the tool {tool!r} has a parameter {TAKEN!r}, which is a parameter of every call: rename it"
        )


def check_returns(function: Any, name: str) -> None:
    """Raises `TypeError` for an async generator, which has no result."""
    if inspect.isasyncgenfunction(function):
        raise TypeError(f"the tool {name!r} is an async generator: have it collect the items, and return them")


def check_declaration(tool: Declared) -> None:
    """Raises `TypeError` or `ValueError` for the first thing that is wrong with a tool's declaration."""
    for attribute, kind in _ATTRIBUTES.items():
        _check_attribute(tool, attribute, kind)
    if tool.output_schema is not None and not isinstance(tool.output_schema, dict):
        raise TypeError(f"Attribute output_schema should be a dict, not {tool.output_schema!r}")
    check_name(tool.name)
    check_returns(tool.forward, tool.name)
    check_parameters(tool.inputs, tool.name)
    for name, declared in tool.inputs.items():
        _check_input(name, declared)
    if tool.output_type not in AUTHORIZED_TYPES:
        raise ValueError(f"output_type {tool.output_type!r} must be one of {AUTHORIZED_TYPES}")
    if not tool.skip_forward_signature_validation:
        _check_forward(tool)


def read_declaration(tool: Declared) -> Facts:
    """The facts of a class tool: from `inputs`, and from the hints of `forward` where they say more."""
    try:
        hints = resolved_hints(tool.forward)
    except (NameError, TypeError):  # its hints are a bonus here: `inputs` says the types
        hints = {}
    of_forward = inspect.signature(tool.forward).parameters
    in_order = of_forward if of_forward.keys() == tool.inputs.keys() else tool.inputs
    parameters = tuple(
        _parameter(name, tool.inputs[name], hints.get(name, Any), of_forward.get(name)) for name in in_order
    )
    return Facts(parameters, _returns(tool, hints), Docstring(tool.description))


def _parameter(
    name: str, declared: Mapping[str, Any], hint: Any, of_forward: inspect.Parameter | None
) -> Parameter:
    default = of_forward.default if of_forward is not None else EMPTY
    if default is EMPTY and of_forward is None and declared.get("nullable"):
        default = None
    # Where the declaration leaves room, the hint of `forward` says more: list[int] for an array, Path for a string.
    roomy = declared["type"] in ("array", "object", "string") and not declared.keys() - _BARE
    schema = None
    if hint is Any or not roomy:
        hint, schema = _hint(declared, name), _json_schema(declared)
    if (declared.get("nullable") or default is None) and hint is not Any:
        hint = hint | None
    keyword_only = of_forward is not None and of_forward.kind is inspect.Parameter.KEYWORD_ONLY
    return Parameter(name, hint, default, str(declared["description"]), keyword_only, schema)


def _hint(declared: Mapping[str, Any], name: str) -> Any:
    """The type that a declaration says."""
    return Any if declared["type"] in _MEDIA else hint_of(declared, name.title().replace("_", ""))


def _json_schema(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration in standard JSON schema: an image or a sound is given by its name or path."""
    schema = {key: value for key, value in declared.items() if key != "nullable"}
    if schema["type"] in _MEDIA:
        schema["type"] = "string"
    elif "any" in schema["type"]:
        del schema["type"]
    return schema


def _returns(tool: Declared, hints: Mapping[str, Any]) -> Any:
    if tool.output_schema is not None:
        return hint_of(tool.output_schema, f"{tool.name.title().replace('_', '')}Output")
    return hints.get("return", hint_of({"type": tool.output_type}))


def _check_attribute(tool: Declared, attribute: str, kind: type) -> None:
    value = getattr(tool, attribute, None)
    if value is None:
        raise TypeError(f"You must set an attribute {attribute} on {type(tool).__name__}.")
    if not isinstance(value, kind):
        raise TypeError(
            f"Attribute {attribute} of {type(tool).__name__} should be a {kind.__name__}, "
            f"not {value!r} of type {type(value).__name__}"
        )


def _check_input(name: str, declared: Any) -> None:
    if not isinstance(declared, dict) or not {"type", "description"} <= declared.keys():
        raise ValueError(
            f"Input {name!r} should be a dict with the keys 'type' and 'description', not {declared!r}"
        )
    kinds = declared["type"]
    if isinstance(kinds, str):
        kinds = [kinds]
    elif not isinstance(kinds, list):
        raise TypeError(f"Input {name!r}: its type must be a string or list of strings, not {kinds!r}")
    for kind in kinds:
        if not isinstance(kind, str):
            raise TypeError(f"Input {name!r}: when type is a list, all elements must be strings, not {kind!r}")
        if kind not in AUTHORIZED_TYPES:
            raise ValueError(f"Input {name!r}: type {kind!r} must be one of {AUTHORIZED_TYPES}")


def _check_forward(tool: Declared) -> None:
    parameters = inspect.signature(tool.forward).parameters
    if parameters.keys() != tool.inputs.keys():
        raise TypeError(
            f"In tool {type(tool).__name__!r}, 'forward' method parameters were {sorted(parameters)}, but 'inputs' "
            f"declares {sorted(tool.inputs)}. They should be the same."
        )
    for name, declared in tool.inputs.items():
        if declared.get("nullable") and parameters[name].default is EMPTY and not _may_be_none(tool, name):
            raise ValueError(
                f"Nullable argument {name!r} in 'inputs' of {type(tool).__name__!r} should have a default, or a "
                "type that allows None, in 'forward'"
            )


def _may_be_none(tool: Declared, name: str) -> bool:
    """Whether `forward` says that None is fine, or says nothing."""
    annotation = inspect.signature(tool.forward).parameters[name].annotation
    return annotation is EMPTY or "None" in str(annotation) or "Optional" in str(annotation) or annotation is Any
