"""A kernel that runs in a rented sandbox, as a channel; and, when it has ended, why.

A service's limit on time isn't announced: the stream just breaks. Then the service is asked whether the sandbox is
still there, and the time since it was rented tells why it isn't.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ...errors import BoxError
from ..channel import FedChannel, LinesChannel
from .lease import Lease, insist
from .rented import Rented

PIECE = 1 << 19
"""Bytes that are sent to a kernel in one request, at most."""

SLACK = 5.0
"""Seconds by which a service's clock and this one may differ."""


@dataclass(frozen=True)
class Terms:
    """How long `service` lets a sandbox live: `limit` seconds, None for ever; `longer` says how to have more."""

    service: str
    limit: float | None
    longer: str


class Running:
    """A kernel in a rented sandbox, as a channel. `why`: how it ended. Knows nothing of the box that it is for."""

    def __init__(self, rented: Rented, lease: Lease, terms: Terms) -> None:
        self._rented, self._lease, self._terms = rented, lease, terms
        self.why = ""
        self.channel: FedChannel = LinesChannel(self._write) if rented.way == "lines" else FedChannel(self._write)

    def listen(self) -> None:
        """Pass on what the kernel says, until it ends. On a thread of its own."""
        try:
            why = self._rented.listen(self.channel.feed)
        except Exception as error:
            why = self._explain(error)
        self._end(why)

    def _write(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), PIECE):
                self._rented.write(data[start : start + PIECE])
        except Exception as error:
            self._end(self._explain(error))

    def _end(self, why: str) -> None:
        self.why = self.why or why
        self.channel.feed_end(why)

    def _explain(self, error: Exception) -> str:
        """Why nothing can be heard any more from a kernel that didn't say it ended."""
        lived, terms = time.monotonic() - self._rented.since, self._terms
        if self._lease.begun:
            return f"the sandbox was given back after {lived:.0f} s"
        ended = self._has_ended()
        if ended is False:
            return f"the connection to the sandbox was lost ({in_words(error)})"
        if terms.limit is not None and lived > terms.limit - SLACK:
            return f"the sandbox's time was up after {terms.limit:g} s: {terms.longer}"
        if ended:
            return f"the sandbox was ended from outside after {lived:.0f} s ({in_words(error)})"
        return f"{terms.service} can't be reached ({in_words(error)})"

    def _has_ended(self) -> bool | None:
        try:
            return insist(self._rented.has_ended)
        except Exception:  # of any SDK: the service can't be asked either, and there is an error to tell already
            return None


def in_words(error: BaseException) -> str:
    """An error of an SDK's: its type, the service's status, what the SDK says and what the service said.

    One of ours is its message alone.
    """
    text = " ".join(str(error).split())[:1000]
    if isinstance(error, BoxError):
        return text
    body = getattr(error, "body", None)
    said = [getattr(error, "status_code", None), text, body.get("message") if isinstance(body, dict) else None]
    return f"{type(error).__name__}: {' '.join(_news(said))}".removesuffix(": ")


def _news(parts: list[Any]) -> list[str]:
    """Those of `parts` that another one doesn't hold already."""
    texts = [str(part) for part in parts if part]
    return [text for place, text in enumerate(texts) if not any(text in other for other in texts[place + 1 :])]
