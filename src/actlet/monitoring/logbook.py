"""A run in the standard library's logging: the logger `actlet`, at DEBUG.

For programs that keep their logs in one place. A level for `actlet` (or for all loggers) of DEBUG turns it on:
`logging.getLogger("actlet").setLevel(logging.DEBUG)`. Pieces of a streamed reply aren't logged.
"""

from __future__ import annotations

import sys
from typing import Any

from ..messages import ChatMessageStreamDelta


def enabled() -> bool:
    """Whether somebody wants these records. Doesn't load `logging`: without it, nobody does."""
    logging = sys.modules.get("logging")
    return logging is not None and logging.getLogger("actlet").isEnabledFor(logging.DEBUG)


def log_event(event: Any, run: Any) -> None:
    """Log one event: an observer."""
    import logging

    if not isinstance(event, ChatMessageStreamDelta):
        name = run.agent.name or type(run.agent).__name__
        logging.getLogger("actlet").debug("%s: %r", name, event, extra={"event": event})
