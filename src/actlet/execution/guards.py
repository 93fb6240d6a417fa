"""What stands in, at run time, for the builtins that reach attributes by name.

Each guard does what the function it stands for does, but for the names that `policy` refuses. They take names as
exact strings, whatever a subclass of `str` says of itself.
"""

from __future__ import annotations

import builtins
import operator
import types
from _string import formatter_field_name_split, formatter_parser  # type: ignore[import-not-found]
from collections.abc import Callable
from types import BuiltinMethodType, FunctionType, MethodDescriptorType, MethodType
from typing import Any

from .kernel import is_snippet
from .policy import REFUSED_IDENTIFIERS, REFUSED_NAMES, ForbiddenError, refused_attribute

FORMATTING = "<formatting>"
SETTING = "<setting>"
CHANGEABLE = "<changeable>"
"""Names, which no program can write, of the guards that `preflight` puts into a snippet's tree."""

GUARDED_ATTRIBUTES = {"format": FORMATTING, "format_map": FORMATTING, "__setattr__": SETTING}
"""Attributes that are reached by way of a guard, because what they return reads attributes by name itself."""

_MISSING = object()
_checked_templates: set[str] = set()

KEPT_TEMPLATES = 1_000
"""How many format strings that were found harmless are remembered."""


def _checked(name: Any) -> Any:
    """`name` as an exact string, if it may be used. What isn't a string is left to whoever gets it."""
    if not isinstance(name, str):
        return name
    exact = str.__str__(name)
    refusal = refused_attribute(exact)
    if refusal is not None:
        raise ForbiddenError(refusal)
    return exact


def guarded_getattr(obj: Any, name: str, /, *default: Any) -> Any:
    """getattr(object, name[, default]) -> value"""
    return formatting_safe(getattr(obj, _checked(name), *default))


def guarded_hasattr(obj: Any, name: str, /) -> bool:
    """hasattr(object, name) -> bool"""
    return hasattr(obj, _checked(name))


def guarded_setattr(obj: Any, name: str, value: Any, /) -> None:
    """setattr(object, name, value)"""
    setattr(changeable(obj), _settable(name), value)


def guarded_delattr(obj: Any, name: str, /) -> None:
    """delattr(object, name)"""
    delattr(changeable(obj), _settable(name))


def _settable(name: Any) -> Any:
    exact = _checked(name)
    if exact == "__class__":
        raise ForbiddenError(f"Forbidden change of dunder attribute: {exact}")
    return exact


def changeable(obj: Any) -> Any:
    """`obj`, unless it is a class or function that is shared with the host."""
    if isinstance(obj, (type, FunctionType, MethodType)) and not _is_of_a_snippet(obj):
        raise ForbiddenError(
            f"{obj.__name__!r} belongs to the host and can't be changed; make a subclass or a copy"
        )
    return obj


def _is_of_a_snippet(obj: type | FunctionType | MethodType) -> bool:
    """Whether a snippet made a class or function. Not all of them say so: `functools.wraps` gives a function the
    module of the one that it wraps, and `make_dataclass` makes classes of the module `types` before Python 3.12."""
    if getattr(obj, "__module__", None) == "__main__":
        return True
    if isinstance(obj, type):
        return obj.__module__ == "types" and vars(types).get(obj.__name__) is not obj
    function = obj.__func__ if isinstance(obj, MethodType) else obj
    return isinstance(function, FunctionType) and is_snippet(function.__code__)


class StrFormatting:
    """`str.format` and `str.format_map`, not yet bound to a string: they check the string they are called with."""

    @staticmethod
    def format(text: str, /, *args: Any, **kwargs: Any) -> str:
        """S.format(*args, **kwargs) -> str"""
        check_template(text)
        return str.format(text, *args, **kwargs)

    @staticmethod
    def format_map(text: str, mapping: Any, /) -> str:
        """S.format_map(mapping) -> str"""
        check_template(text)
        return str.format_map(text, mapping)


def check_template(text: str) -> None:
    """Raise `ForbiddenError` if a format string reads an attribute that is refused."""
    exact = str.__str__(text)
    if "." not in exact or exact in _checked_templates:
        return
    try:
        fields = list(formatter_parser(exact))
    except ValueError:
        return  # formatting it fails in the same way
    for _, field, spec, _ in fields:
        for is_attribute, name in formatter_field_name_split(field)[1] if field else ():
            if is_attribute:
                _checked(name)
        if spec:
            check_template(spec)
    if len(_checked_templates) >= KEPT_TEMPLATES:
        _checked_templates.clear()
    _checked_templates.add(exact)


def formatting(obj: Any) -> Any:
    """`obj` for `.format` and `.format_map`: a string is checked, `str` itself is had in its guarded form."""
    if isinstance(obj, str):
        check_template(obj)
    elif isinstance(obj, type) and issubclass(obj, str) and obj.format is str.format:
        return StrFormatting
    return obj


def formatting_safe(value: Any) -> Any:
    """A value that was reached by name: if it is a string's own `format`, a checked or guarded one."""
    if isinstance(value, BuiltinMethodType) and value.__name__ in ("format", "format_map"):
        formatting(value.__self__)
    elif isinstance(value, MethodDescriptorType) and value.__objclass__ is str:
        return getattr(StrFormatting, value.__name__, value)
    return value


def setting(obj: Any) -> Any:
    """`obj` for `.__setattr__`, as in `object.__setattr__(x, name, value)`: its guarded form."""
    return Setting(obj)


class Setting:
    """Holds the guarded form of one object's `__setattr__`."""

    def __init__(self, obj: Any) -> None:
        real = obj.__setattr__

        def assign(*args: Any) -> None:
            """Set an attribute by its name."""
            *target, name, value = args
            changeable(target[0] if target else obj)
            real(*target, _settable(name), value)

        self.assign = assign


def guarded_attrgetter(*names: str) -> Callable[[Any], Any]:
    """operator.attrgetter, whose names are checked part by part."""
    exact = [str.__str__(name) if isinstance(name, str) else name for name in names]
    for name in exact:
        for part in name.split(".") if isinstance(name, str) else ():
            _checked(part)
            if part in GUARDED_ATTRIBUTES:
                raise ForbiddenError(f"Forbidden access to attribute by name: {part}")
    return operator.attrgetter(*exact)


def guarded_methodcaller(name: str, /, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """operator.methodcaller, whose name is checked."""
    return lambda obj: guarded_getattr(obj, name)(*args, **kwargs)


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    return function


def _base_builtins() -> dict[str, Any]:
    chosen = {
        name: value
        for name, value in vars(builtins).items()
        if name not in REFUSED_NAMES and name not in REFUSED_IDENTIFIERS and not name.startswith("_")
    }
    for name in ("copyright", "credits", "license"):
        chosen.pop(name, None)
    chosen["__build_class__"] = builtins.__build_class__
    chosen["__debug__"] = __debug__
    for guard in (guarded_getattr, guarded_hasattr, guarded_setattr, guarded_delattr):
        name = guard.__name__.removeprefix("guarded_")
        chosen[name] = _named(guard, name)
    return chosen | {FORMATTING: formatting, SETTING: setting, CHANGEABLE: changeable}


BASE_BUILTINS = _base_builtins()
"""The builtins of a snippet, but for `print` and `__import__`, which each box has of its own."""
