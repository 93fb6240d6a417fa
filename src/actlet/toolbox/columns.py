"""Names of columns, each of which is another one: rows are dicts, and lose nothing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import count
from typing import Any


def distinct(names: Sequence[Hashable]) -> list[Any]:
    """The names, numbered where one is there twice: id, id_2 (or the first number that makes it another name)."""
    taken, given = set(names), set[Hashable]()
    found: list[Any] = []
    for name in names:
        free = (numbered for n in count(2) if (numbered := f"{name}_{n}") not in taken)
        found.append(name if name not in given else next(free))
        given.add(name)
        taken.add(found[-1])
    return found
