"""At most so many requests a minute, evenly spaced, over all threads and event loops that use a model."""

from __future__ import annotations

import threading
import time
from typing import Any


class Pace:
    """`await pace.turn()` before each request. `per_minute=None`: no limit. Raises `ValueError` for 0 or less."""

    def __init__(self, per_minute: float | None = None) -> None:
        if per_minute is not None and per_minute <= 0:
            raise ValueError(f"requests_per_minute={per_minute!r}: give a number above 0, or None for no limit")
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next request may start."""
        seconds = self._reserve()
        if seconds > 0:
            import asyncio

            await asyncio.sleep(seconds)

    def _reserve(self) -> float:
        if self._per_minute is None:
            return 0.0
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + 60 / self._per_minute
        return start - now

    def __reduce__(self) -> tuple[Any, ...]:
        return Pace, (self._per_minute,)
