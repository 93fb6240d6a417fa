"""How a type hint is written for a model: short, as Python, with the formats that a value has to have.

A class that the model can't know (an enum, a dataclass, a pydantic model, a TypedDict, a named tuple) is written by
its name in the hint, and defined once beside it. As an argument such a class is given as plain data: the value of
an enum, a dict of the fields. So a field stands under the key that data has for it, which may be an alias of
pydantic's.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from .parameters import EMPTY, annotated_description, is_typed_dict, without_required

Definitions = dict[str, str]
"""The text that defines a class, by its name, in an order in which they can be read."""

_LONGEST_DEFAULT = 60
_NAMED: dict[Any, str] = {None: "None", types.NoneType: "None", Ellipsis: "...", Any: "Any"}


def write_hint(hint: Any, definitions: Definitions) -> str:
    """The hint as text. Adds what defines its classes to `definitions`."""
    write = partial(write_hint, definitions=definitions)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(write(args[0]), args[1:])
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(write(arg) for arg in args))
    if origin is Literal:
        return f"Literal[{', '.join(map(write_value, args))}]"
    if origin is collections.abc.Callable:
        return _callable(args, write)
    if origin is not None and args:
        return f"{_class_name(origin)}[{', '.join(write(arg) for arg in args)}]"
    return _single(hint, write, definitions)


def write_value(value: Any) -> str:
    """A default, or a member of a choice, as text: "..." for one that has no short literal."""
    if isinstance(value, enum.Enum):
        value = value.value
    text = repr(value)
    return "..." if len(text) > _LONGEST_DEFAULT or text.startswith("<") else text


def _single(hint: Any, write: Callable[[Any], str], definitions: Definitions) -> str:
    """A hint that isn't made of others."""
    if hint in _NAMED:
        return _NAMED[hint]
    if isinstance(hint, TypeVar):
        return write(hint.__bound__ or Any)
    if isinstance(hint, typing.NewType):
        return write(hint.__supertype__)
    if not isinstance(hint, type):
        return str(getattr(hint, "__forward_arg__", None) or getattr(hint, "__name__", None) or hint)
    lines = None if hint.__name__ in definitions else _definition(hint)
    if lines:
        definitions[hint.__name__] = ""  # known from here on, or a class that holds itself would never end
        text = _written(hint, lines, write)
        del definitions[hint.__name__]
        definitions[hint.__name__] = text
    return hint.__name__ if hint.__name__ in definitions else _class_name(hint)


def _annotated(inner: str, extras: tuple[Any, ...]) -> str:
    shown = [text for text in map(_constraints, extras) if text]
    return f"Annotated[{inner}, {', '.join(shown)}]" if shown else inner


def _constraints(extra: Any) -> str:
    """What a piece of metadata asks of a value, as `pattern=..., ge=...`; "" where it asks nothing."""
    found: dict[str, Any] = {}
    for source in (*(getattr(extra, "metadata", None) or ()), extra):
        for name in ("pattern", "gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length"):
            value = getattr(source, name, None)
            if value is not None:
                found[name] = getattr(value, "pattern", value)
    return ", ".join(f"{name}={_bound(value)}" for name, value in found.items())


def _bound(value: Any) -> str:
    """A pattern as a raw string, any other bound as its literal."""
    return f'r"{value}"' if isinstance(value, str) and '"' not in value else repr(value)


def _callable(args: tuple[Any, ...], write: Callable[[Any], str]) -> str:
    if not args:
        return "Callable"
    taken = "..." if args[0] is Ellipsis else f"[{', '.join(write(arg) for arg in args[0])}]"
    return f"Callable[{taken}, {write(args[1])}]"


def _class_name(cls: Any) -> str:
    """`dict`, `datetime.date`, `pandas.DataFrame`: as code would write it after importing the package."""
    name, package = getattr(cls, "__name__", str(cls)), getattr(cls, "__module__", "").partition(".")[0]
    public = getattr(sys.modules.get(package), name, None) is cls
    return (
        name if package in ("builtins", "collections", "typing", "__main__") or not public else f"{package}.{name}"
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    hint: Any
    default: Any = EMPTY
    description: str = ""
    key: str = ""
    """What data calls it, if that isn't its name."""


def _definition(cls: Any) -> list[_Field] | None:
    """The fields of a class that a model has to be told about; None for any other class."""
    if isinstance(cls, type) and issubclass(cls, enum.Enum):
        return [_Field(member.name, EMPTY, member.value) for member in cls]
    of_pydantic = getattr(cls, "model_fields", None) or getattr(cls, "__pydantic_fields__", None)
    if isinstance(of_pydantic, dict):
        return list(_pydantic_fields(cls, of_pydantic))
    if dataclasses.is_dataclass(cls):
        return list(_dataclass_fields(cls))
    if is_typed_dict(cls):
        return list(_typed_dict_fields(cls))
    if issubclass(cls, tuple) and hasattr(cls, "_field_defaults"):
        hints, defaults = typing.get_type_hints(cls, include_extras=True), cls._field_defaults
        return [_Field(name, hints.get(name, Any), defaults.get(name, EMPTY)) for name in cls._fields]
    return None


def _pydantic_fields(cls: Any, infos: dict[str, Any]) -> Iterator[_Field]:
    for name, info in infos.items():
        default = EMPTY if info.is_required() else Ellipsis if info.default_factory else info.default
        if getattr(info, "init", None) is not False:
            yield _Field(name, info.rebuild_annotation(), default, info.description or "", _key(cls, info))


def _dataclass_fields(cls: Any) -> Iterator[_Field]:
    hints = typing.get_type_hints(cls, include_extras=True)
    for f in dataclasses.fields(cls):
        made = f.default_factory is not dataclasses.MISSING
        default = Ellipsis if made else EMPTY if f.default is dataclasses.MISSING else f.default
        if f.init:
            hint = hints[f.name]
            yield _Field(f.name, hint, default, annotated_description(hint), _key(cls, *_extras(hint)))


def _typed_dict_fields(cls: Any) -> Iterator[_Field]:
    for name, declared in typing.get_type_hints(cls, include_extras=True).items():
        hint = without_required(declared)
        given: Any = hint if name in cls.__required_keys__ else typing.NotRequired[hint]
        yield _Field(name, given, EMPTY, annotated_description(hint), _key(cls, *_extras(hint)))


def _extras(hint: Any) -> tuple[Any, ...]:
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def _key(cls: Any, *declared: Any) -> str:
    """The key that pydantic looks for in data, of what is `declared` of a field; "" if that is the field's name."""
    config = getattr(cls, "model_config", None) or getattr(cls, "__pydantic_config__", None) or {}
    aliases = [alias for one in declared if (alias := getattr(one, "validation_alias", None)) is not None]
    if not aliases or config.get("populate_by_name") or config.get("validate_by_name"):
        return ""
    choices = getattr(aliases[0], "choices", aliases)
    return next((choice for choice in choices if isinstance(choice, str)), None) or _path(choices[0])


def _path(alias: Any) -> str:
    """The way into the data that an `AliasPath` is: `names[0]`."""
    first, *others = alias.path
    return str(first) + "".join(f"[{part!r}]" for part in others)


def _written(cls: Any, fields: list[_Field], write: Callable[[Any], str]) -> str:
    """The text that defines a class."""
    if issubclass(cls, enum.Enum):
        members = "; ".join(f"{f.name} = {write_value(f.default)}" for f in fields)
        return f"class {cls.__name__}(Enum): {members}  # pass the value"
    kind = "(TypedDict)" if is_typed_dict(cls) else ""
    note = "" if kind else "  # pass a tuple" if issubclass(cls, tuple) else "  # pass a dict"
    return "\n    ".join([f"class {cls.__name__}{kind}:{note}", *(_line(f, write) for f in fields)])


def _line(f: _Field, write: Callable[[Any], str]) -> str:
    default = "" if f.default is EMPTY else " = ..." if f.default is Ellipsis else f" = {write_value(f.default)}"
    aliased = bool(f.key) and f.key != f.name
    key = f.name if not aliased else f.key if f.key.partition("[")[0].isidentifier() else repr(f.key)
    notes = "; ".join([*([f"its attribute is {f.name}"] if aliased else ()), *filter(None, [f.description])])
    return f"{key}: {write(f.hint)}{default}" + (f"  # {notes}" if notes else "")
