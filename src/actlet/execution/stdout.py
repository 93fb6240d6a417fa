"""What library code prints to the standard outputs while it runs in a snippet's thread.

`print` in a snippet needs none of this; `df.info()`, `pprint` and `traceback.print_exc()` do. While at least one
snippet runs, `sys.stdout` and `sys.stderr` are `_Router`s around what was there: text of a snippet's thread goes to
the snippet, all other text, and every other attribute, to what was there. When the last snippet ends, what was
there is put back, unless somebody replaced it.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

_lock = threading.Lock()
_writers: dict[int, Callable[[str], object]] = {}


class _Nowhere(io.TextIOBase):
    """In place of a standard output that a program without a console doesn't have."""

    def write(self, text: str) -> int:
        """Take the text, and do nothing with it."""
        return len(text)


class _Router:
    """A standard output that asks which thread is writing."""

    def __init__(self, original: Any) -> None:
        self.original = original
        self._else = _Nowhere() if original is None else original

    def write(self, text: str) -> Any:
        """Write to the snippet of this thread, or to the original."""
        writer = _writers.get(threading.get_ident())
        if writer is None:
            return self._else.write(text)
        writer(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._else, name)


_kept: deque[_Router] = deque(maxlen=64)


def _router_of(original: Any) -> _Router:
    """The router of a standard output, made once. It is kept: CPython's `print` uses `sys.stdout` without holding
    it, and must not find it gone when another thread puts the original back."""
    for router in _kept:
        if router.original is original:
            return router
    _kept.append(_Router(original))
    return _kept[-1]


def capture(write: Callable[[str], object]) -> None:
    """From now on, what this thread writes to `sys.stdout` and `sys.stderr` goes to `write`."""
    with _lock:
        _writers[threading.get_ident()] = write
        if not isinstance(sys.stdout, _Router):
            sys.stdout = _router_of(sys.stdout)
        if not isinstance(sys.stderr, _Router):
            sys.stderr = _router_of(sys.stderr)


def release(thread: int) -> None:
    """The end of `capture` for a thread."""
    with _lock:
        _writers.pop(thread, None)
        if not _writers:
            _put_back()


def _put_back() -> None:
    if isinstance(sys.stdout, _Router):
        sys.stdout = sys.stdout.original
    if isinstance(sys.stderr, _Router):
        sys.stderr = sys.stderr.original


def _forget() -> None:
    """After a fork: the child has none of the snippets, and may give their threads' numbers to others."""
    global _lock
    _lock = threading.Lock()
    _writers.clear()
    _put_back()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)
