"""What library code prints to `sys.stdout` while it runs in a snippet's thread.

`print` in a snippet needs none of this; `df.info()` and `pprint` do. While at least one snippet runs,
`sys.stdout` is a `_Router` around what was there: text of a snippet's thread goes to the snippet, all other text,
and every other attribute, to what was there. When the last snippet ends, what was there is put back, unless
somebody replaced it.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

_lock = threading.Lock()
_writers: dict[int, Callable[[str], object]] = {}


class _Router:
    """A standard output that asks which thread is writing."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def write(self, text: str) -> Any:
        """Write to the snippet of this thread, or to the original."""
        writer = _writers.get(threading.get_ident())
        if writer is None:
            return self._original.write(text)
        writer(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


_kept: deque[_Router] = deque(maxlen=64)


def _router_of(original: Any) -> _Router:
    """The router of a standard output, made once. It is kept: CPython's `print` uses `sys.stdout` without holding
    it, and must not find it gone when another thread puts the original back."""
    for router in _kept:
        if router._original is original:
            return router
    _kept.append(_Router(original))
    return _kept[-1]


def capture(write: Callable[[str], object]) -> None:
    """From now on, what this thread writes to `sys.stdout` goes to `write`."""
    with _lock:
        _writers[threading.get_ident()] = write
        if not isinstance(sys.stdout, _Router):
            sys.stdout = _router_of(sys.stdout)


def release(thread: int) -> None:
    """The end of `capture` for a thread."""
    with _lock:
        _writers.pop(thread, None)
        if not _writers and isinstance(sys.stdout, _Router):
            sys.stdout = sys.stdout._original
