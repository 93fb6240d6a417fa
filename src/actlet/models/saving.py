"""What of an object's constructor can be read back from its attributes, with the secrets left out.

Rule: a parameter `x` is kept in the attribute `x`, and what differs from the default is saved. So a new model class
is saved right without a line about saving.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_SECRET = re.compile(
    r"(^|[-_])(api[-_]?key|access[-_]?key|token|secret|password|authorization|cookie|credentials?)$", re.IGNORECASE
)
_LIVE = frozenset({"client", "http_client"})


def settings_of(model: Any) -> dict[str, Any]:
    """The arguments that make `model` again: those that aren't at their defaults, and its extra `kwargs`."""
    settings = dict(model.kwargs)
    for parameter in _parameters(type(model)):
        value = getattr(model, parameter.name, parameter.default)
        if value is not parameter.default and value != parameter.default:
            settings[parameter.name] = value.dict() if hasattr(value, "dict") else value
    cleaned: dict[str, Any] = without_secrets(settings)
    return cleaned


def _parameters(cls: type) -> Iterator[inspect.Parameter]:
    """The named parameters of a class's constructor, and of those it passes `**kwargs` on to."""
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        yield from (p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return


def without_secrets(value: Any) -> Any:
    """`value` without the entries whose names say that they are secret, and URLs without their passwords."""
    if isinstance(value, Mapping):
        kept = ((key, item) for key, item in value.items() if key not in _LIVE and not _SECRET.search(str(key)))
        return {key: without_secrets(item) for key, item in kept}
    if isinstance(value, list | tuple):
        return type(value)(without_secrets(item) for item in value)
    return _without_password(value) if isinstance(value, str) and "@" in value and "://" in value else value


def _without_password(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
