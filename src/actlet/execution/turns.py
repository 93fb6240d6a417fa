"""Whose snippet runs next, where many boxes of this process have one to run.

Python runs one thread at a time, and threads that all want to be that one hinder each other: a thousand short
snippets take twice as long on a thousand threads as one after another. So only a few begin at once, and each that
ends lets in the next. Nobody waits for a snippet that takes long or waits for something itself: after `PATIENCE` it
no longer counts.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from ..threads import Alarm

PLACES = 2
"""How many snippets may be in their first `PATIENCE` at once."""

PATIENCE = 0.01
"""Seconds that a snippet keeps others waiting."""

Start = Callable[[], object]


class Turns:
    """Lets starters in, a few at a time."""

    def __init__(self, places: int = PLACES, patience: float = PATIENCE) -> None:
        self._places, self._patience = places, patience
        self._lock = threading.Lock()
        self._inside: dict[object, float] = {}
        self._waiting: deque[tuple[object, Start]] = deque()
        self._looking = False

    def enter(self, who: object, start: Start) -> None:
        """Call `start` now, or when it is the turn of `who`, on whichever thread makes room, in this context."""
        with self._lock:
            if len(self._inside) >= self._places:
                self._waiting.append((who, partial(contextvars.copy_context().run, start)))
                self._look_later()
                return
            self._inside[who] = time.monotonic()
        start()

    def leave(self, who: object) -> None:
        """`who` has ended, or waits for something."""
        with self._lock:
            if self._inside.pop(who, None) is None:
                return
            let_in = self._let_in()
        for start in let_in:
            start()

    def _let_in(self) -> list[Start]:
        starts = []
        while self._waiting and len(self._inside) < self._places:
            who, start = self._waiting.popleft()
            self._inside[who] = time.monotonic()
            starts.append(start)
        return starts

    def _look_later(self) -> None:
        if not self._looking:
            self._looking = True
            Alarm(self._patience, self._look)

    def _look(self) -> None:
        """Count those that have taken long no longer."""
        with self._lock:
            self._looking = False
            long_ago = time.monotonic() - self._patience
            self._inside = {who: since for who, since in self._inside.items() if since > long_ago}
            let_in = self._let_in()
            if self._waiting:
                self._look_later()
        for start in let_in:
            start()
