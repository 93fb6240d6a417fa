"""The shared memory of a run: values that the agents of a team leave for each other, by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from typing import Any


class SharedMemory(MutableMapping[str, Any]):
    """A dictionary that every agent of a hierarchy sees, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        with self._lock:
            if key not in self._values:
                raise KeyError(
                    f"nothing is shared as {key!r}; there is: {', '.join(self._values) or 'nothing yet'}"
                )
            return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"values are shared under a name, not under {key!r}")
        with self._lock:
            self._values[key] = value

    def __delitem__(self, key: str) -> None:
        with self._lock:
            del self._values[key]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)
