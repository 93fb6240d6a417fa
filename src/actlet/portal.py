"""One event loop in one background thread, for coroutines that are called from code that isn't a coroutine.

The loop starts at the first use and lives as long as the process. Cancelling the future cancels the coroutine.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
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
            threading.Thread(target=_loop.run_forever, name="actlet-portal", daemon=True).start()
        return _loop


def submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the background loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop())


def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for it; leaving early (Ctrl-C) cancels it.

    Raises `RuntimeError` on the background loop itself, where waiting would stand still for ever.
    """
    if _loop is not None and asyncio._get_running_loop() is _loop:
        coroutine.close()
        raise RuntimeError(
            "a coroutine called blocking code of actlet: await its async way (agenerate, acall, arun)"
        )
    future = submit(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
