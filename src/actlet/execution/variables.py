"""The variables of a box as its owner sees them, and values on their way into it and out of it."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from .text import truncate_content


class Variables(MutableMapping[str, Any]):
    """The variables of a box, live: reading and writing go to the namespace that snippets run in."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace

    def __getitem__(self, name: str) -> Any:
        if name == "__builtins__":
            raise KeyError(name)
        return self._namespace[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._namespace[name] = value

    def __delitem__(self, name: str) -> None:
        del self._namespace[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in list(self._namespace) if name != "__builtins__")

    def __len__(self) -> int:
        return len(self._namespace) - ("__builtins__" in self._namespace)

    def __repr__(self) -> str:
        return truncate_content(repr(dict(self)))


def copied(value: Any, copies: dict[int, Any]) -> Any:
    """`value`, with its plain lists, dicts and sets copied at every depth. `copies`: those made already, by id."""
    kind = type(value)
    if kind not in (list, dict, set):
        return value
    if id(value) in copies:
        return copies[id(value)]
    copy: Any = kind()
    copies[id(value)] = copy
    if kind is dict:
        copy.update((key, copied(item, copies)) for key, item in value.items())
    elif kind is list:
        copy.extend(copied(item, copies) for item in value)
    else:
        copy.update(value)
    return copy


PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})
CONTAINERS = frozenset({list, tuple, set, frozenset, dict})
_LOOKED_AT = 1_000


def is_plain(value: Any) -> bool:
    """Whether a value is data and nothing else: no objects with a class, code or life of their own.

    It is looked at in full, and one that is large counts as not plain.
    """
    waiting, looked_at = [value], 0
    while waiting:
        item = waiting.pop()
        kind, looked_at = type(item), looked_at + 1
        if kind in CONTAINERS and len(item) + looked_at <= _LOOKED_AT:
            waiting.extend(item)
            if kind is dict:
                waiting.extend(item.values())
        elif kind not in PLAIN or looked_at > _LOOKED_AT:
            return False
    return True
