"""Whether trying a model call again may help, and when.

Owns the reading of errors: by their type, HTTP status and headers, never by searching their text. Waiting and
trying again is the run's business.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
FINAL_STATUSES = frozenset({501, 505})
OUT_OF_MONEY = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"}
)


@dataclass(frozen=True, slots=True)
class Transient:
    """A failure that may pass. `retry_after`: the seconds that the provider asks to wait; None: it doesn't say."""

    retry_after: float | None = None


def transient(error: BaseException) -> Transient | None:
    """What is known of an error: `Transient` for timeouts, lost connections and HTTP statuses that may pass."""
    if isinstance(error, TimeoutError | ConnectionError):
        return Transient()
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None) or {}
    told = headers.get("x-should-retry")
    status = http_status(error)
    if told == "false" or _out_of_money(error):
        return None
    if told == "true" or (status is not None and status_may_pass(status)):
        return Transient(retry_after(headers))
    return None


def http_status(error: BaseException) -> int | None:
    """The HTTP status that an SDK's error carries, by the names that the SDKs use."""
    candidates = (error, getattr(error, "response", None))
    for status in (getattr(holder, "status_code", None) for holder in candidates):
        if isinstance(status, int):
            return status
    return None


def status_may_pass(status: int) -> bool:
    """Whether a request that got this HTTP status may succeed later."""
    return status in TRANSIENT_STATUSES or (500 <= status < 600 and status not in FINAL_STATUSES)


def retry_after(headers: Mapping[str, Any]) -> float | None:
    """Seconds to wait, of the headers `retry-after-ms` and `Retry-After` (seconds or a date, RFC 9110 10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("retry-after")
    seconds = _number(told)
    return seconds if seconds is not None or not told else _seconds_until(str(told))


def _number(text: Any) -> float | None:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < float("inf") else None


def _seconds_until(date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return None


def _out_of_money(error: BaseException) -> bool:
    """A 429 that waiting doesn't cure: the account has no credit."""
    return any(getattr(error, name, None) in OUT_OF_MONEY for name in ("code", "type"))
