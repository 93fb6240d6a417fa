"""Containers that are started ahead, so that a box needn't wait for its own.

A pool is shared by the boxes of this process that are alike, and lives as long as one of them does; its containers
are removed when it goes. Whoever takes one has the next one started, in the background.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ...errors import BoxError
from ...threads import on_a_worker
from .container import Container


class WarmPool:
    """Up to `size` containers from `make`, started ahead."""

    def __init__(self, make: Callable[[], Container], size: int) -> None:
        self._make, self._size = make, size
        self._lock = threading.Lock()
        self._ready: deque[Container] = deque()
        self._starting = 0

    def take(self) -> Container:
        """A started container, which the caller ends. Raises `BoxError` if there is none and none can be made."""
        found = self._live()
        self.fill()
        return found or self._make()

    def fill(self) -> None:
        """Have the containers started that are missing, one after another, in the background."""
        with self._lock:
            missing = self._size - len(self._ready) - self._starting
            if missing <= 0:
                return
            self._starting += missing
        on_a_worker(lambda: self._start(missing))

    def _live(self) -> Container | None:
        """The one that waits longest, if it hasn't ended meanwhile."""
        while True:
            with self._lock:
                if not self._ready:
                    return None
                container = self._ready.popleft()
            if not container.channel.ended():
                return container
            container.end()

    def _start(self, missing: int) -> None:
        """On a worker. One that can't be started isn't missed here: whoever needs one is told why."""
        for _ in range(missing):
            made = None
            with suppress(BoxError):
                made = self._make()
            with self._lock:
                self._starting -= 1
                if made is not None:
                    self._ready.append(made)


_pools: weakref.WeakValueDictionary[str, WarmPool] = weakref.WeakValueDictionary()
_choosing = threading.Lock()


def pool_of(key: str, make: Callable[[], Container], size: int) -> WarmPool:
    """The pool of all boxes with this key."""
    with _choosing:
        pool = _pools.get(key)
        if pool is None or pool._size != size:
            pool = _pools[key] = WarmPool(make, size)
        return pool
