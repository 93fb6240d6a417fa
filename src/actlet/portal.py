"""One event loop in one background thread, for coroutines that are called from code that isn't a coroutine.

The loop starts at the first use and lives as long as the process, whatever its coroutines raise; a forked child has
one of its own. Cancelling the future cancels the coroutine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The background loop, running."""
    global _loop
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_serve, args=(_loop,), name="actlet-portal", daemon=True).start()
        return _loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop for ever. A task that raises `SystemExit` or `KeyboardInterrupt` makes it stop, once each."""
    while not loop.is_closed():
        with suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()


def submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the background loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop())


def refuse_on_loop(coroutine: Coroutine[Any, Any, Any] | None = None, *, instead: str | None = None) -> None:
    """Raise `RuntimeError` on the background loop itself, where waiting for it would stand still for ever.

    The coroutine that was to be waited for is closed then. `instead`: what the error says is to be awaited.
    """
    if _loop is None or asyncio._get_running_loop() is not _loop:
        return
    if coroutine is not None:
        coroutine.close()
    instead = instead or "its async way (agenerate, acall, arun)"
    raise RuntimeError(f"a coroutine called blocking code of actlet, which would never end: await {instead}")


def _forget_loop() -> None:
    """After a fork: the child has the loop, but not the thread that runs it."""
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_loop)
