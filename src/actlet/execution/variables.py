"""The variables of a box as its owner sees them, and values on their way into it and out of it."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from itertools import islice
from types import CoroutineType, FunctionType, GeneratorType, MethodType
from typing import Any

from .kernel import is_snippet
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
"""Of a container, the items that are looked at."""


def holds_code(value: Any, deep: int = 3) -> bool:
    """Whether a value is or holds something that runs code of a snippet: a function, a class, an object of one."""
    kind = type(value)
    if kind in PLAIN:
        return False
    if kind in CONTAINERS:
        items = value.values() if kind is dict else value
        return bool(deep) and any(holds_code(item, deep - 1) for item in islice(items, _LOOKED_AT))
    if isinstance(value, FunctionType):
        return is_snippet(value.__code__)
    if isinstance(value, MethodType | GeneratorType | CoroutineType):
        return True
    return getattr(value if isinstance(value, type) else kind, "__module__", None) == "__main__"
