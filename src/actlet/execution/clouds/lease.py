"""That a rented sandbox is given back: once, by whoever lets go of it first, and at the latest when Python exits.

Giving back takes a request to the service, so `end_soon` does it on a thread of its own.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

TRIES, PAUSE = 3, 0.5
"""How often a request is made that has to come through, and the seconds in between."""

LONGEST = 60.0
"""Seconds that are waited for a sandbox to be given back."""

T = TypeVar("T")


def insist(request: Callable[[], T]) -> T:
    """Make a request that may be made twice, again if it fails: a network that breaks takes idle connections along,
    and the first request to find out is lost. Raises what the last try raised."""
    for _ in range(TRIES - 1):
        try:
            return request()
        except Exception:  # of any SDK
            time.sleep(PAUSE)
    return request()


class Lease:
    """Calls `give_back` once. `name` is for the warning if that fails, when the sandbox may go on for a while.

    `begun`: whether somebody has let go of it.
    """

    def __init__(self, name: str, give_back: Callable[[], None]) -> None:
        self._name, self._give_back = name, give_back
        self._lock = threading.Lock()
        self.begun = False
        self._process = os.getpid()
        self._done = threading.Event()
        atexit.register(self._at_exit)  # after the SDK was imported, so this runs before what the SDK does at exit

    def end_soon(self) -> None:
        """Give the sandbox back without waiting."""
        if self._begin():
            threading.Thread(target=self._finish, name="actlet-give-back", daemon=True).start()

    def end(self) -> None:
        """Give the sandbox back, and return when it is done, or after a minute."""
        self.end_soon()
        self._done.wait(LONGEST)

    def _at_exit(self) -> None:
        """Here, not on a thread: Python may start none any more. A forked process owns nothing."""
        if self._process != os.getpid():
            return
        if self._begin():
            self._finish()
        self._done.wait(LONGEST)

    def _begin(self) -> bool:
        with self._lock:
            begun, self.begun = self.begun, True
            return not begun

    def _finish(self) -> None:
        try:
            insist(self._give_back)
        except Exception as error:  # of any SDK
            why = f"{type(error).__name__}: {error}"
            told = f"{self._name} couldn't be given back ({why}); it may run until its time is up"
            warnings.warn(told, RuntimeWarning, stacklevel=2)
        finally:
            self._done.set()
            atexit.unregister(self._at_exit)
