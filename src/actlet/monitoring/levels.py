"""How much is told: the levels of a logger, and the colour of what matters. Nothing here prints."""

from __future__ import annotations

from enum import IntEnum

YELLOW_HEX = "#d4b702"


class LogLevel(IntEnum):
    """How much a logger tells: what has a level above the logger's isn't shown.

    Of a run, OFF shows nothing; ERROR the errors of steps and of the run; INFO also the task, each step (what the
    model writes, the calls of tools, what code prints, time and tokens) and the answer; DEBUG also what is new in
    what the model is sent, whole replies that didn't stream, the calls that code makes of tools and what they gave,
    and which variables and files the code left.
    """

    OFF = -1
    ERROR = 0
    INFO = 1
    DEBUG = 2


def level_of(level: int | str) -> int:
    """A level given as a number, a `LogLevel` or its name. Raises `ValueError` for a name that doesn't exist."""
    if not isinstance(level, str):
        return level
    try:
        return LogLevel[level.upper()]
    except KeyError:
        names = ", ".join(known.name for known in LogLevel)
        raise ValueError(f"there is no log level {level!r}: use one of {names}") from None
