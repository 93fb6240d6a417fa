"""Whose job runs next, where many have one for a thread: snippets, tools, models that block.

Python runs one thread at a time, and threads that all want to be that one hinder each other: a thousand short
jobs take twice as long on a thousand threads as one after another on the same few. So only a few begin at once, and
each that ends lets in the next. Nobody waits for a job that takes long or waits for something itself: after some
milliseconds it no longer counts, and as long as none of those let in has ended by then, twice as many are let in
each time.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from typing import Protocol

from .threads import Alarm, report


class Job(Protocol):
    """Something that gets a thread when it is its turn."""

    def begin(self) -> bool:
        """It is its turn. Whether it has begun: one that hasn't needs no place. Doesn't wait, nor `leave`."""


class Turns:
    """Lets jobs begin, a few at a time: so many `places`, each for `patience` seconds at most."""

    def __init__(self, places: int, patience: float) -> None:
        self._fewest, self._patience = places, patience
        self.forget()

    def forget(self) -> None:
        """Nobody is inside or waits."""
        self._lock = threading.Lock()
        self._places = self._fewest
        self._inside: dict[Job, float] = {}
        self._waiting: deque[Job] = deque()
        self._looking = False
        self._some_ended = False

    def enter(self, job: Job) -> None:
        """Have the job begin now, or when it is its turn, on whichever thread makes room."""
        with self._lock:
            if len(self._inside) >= self._places:
                self._waiting.append(job)
                self._look_later()
                return
            self._inside[job] = time.monotonic()
        self._begin(deque([job]))

    def leave(self, job: Job) -> None:
        """The job has ended, or waits for something."""
        with self._lock:
            if self._inside.pop(job, None) is None:
                return
            self._some_ended = True
            let_in = self._let_in()
        self._begin(let_in)

    def _let_in(self) -> deque[Job]:
        let_in: deque[Job] = deque()
        while self._waiting and len(self._inside) < self._places:
            job = self._waiting.popleft()
            self._inside[job] = time.monotonic()
            let_in.append(job)
        return let_in

    def _begin(self, let_in: deque[Job]) -> None:
        """Have each begin, and others in place of those that don't. One that fails holds up nobody else."""
        while let_in:
            job = let_in.popleft()
            try:
                has_begun = job.begin()
            except Exception as error:
                report(error)
                has_begun = False
            if not has_begun:
                with self._lock:
                    self._inside.pop(job, None)
                    let_in += self._let_in()

    def _look_later(self) -> None:
        if not self._looking:
            self._looking, self._some_ended = True, False
            Alarm(self._patience, self.look)

    def look(self) -> None:
        """Count those that have taken long no longer. Called every `patience` while jobs wait."""
        with self._lock:
            self._looking = False
            self._places = self._fewest if self._some_ended else self._places * 2
            long_ago = time.monotonic() - self._patience
            self._inside = {job: since for job, since in self._inside.items() if since > long_ago}
            let_in = self._let_in()
            if self._waiting:
                self._look_later()
            else:
                self._places = self._fewest
        self._begin(let_in)


snippets = Turns(places=1, patience=0.01)
"""Those of the local boxes of this process. Most compute, and may wait for two turns of Python's own, of 5 ms."""

calls = Turns(places=8, patience=0.002)
"""Those of tools and models that block: most of them wait for something."""


def _forget() -> None:
    snippets.forget()
    calls.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)
