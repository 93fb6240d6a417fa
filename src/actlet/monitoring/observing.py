"""Which observers a session gets from its agent's logger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import logbook
from .levels import LogLevel

Observer = Callable[[Any, Any], None]


def observers_for(logger: Any) -> tuple[Observer, ...]:
    """The observers of one session, whose runs follow each other. Nothing at all when the logger is off."""
    observers: list[Observer] = []
    if logger.level > LogLevel.OFF:
        from .console import ConsoleObserver

        observers.append(ConsoleObserver(logger))
    if logbook.enabled():
        observers.append(logbook.log_event)
    return tuple(observers)
