"""Text that stays below a limit: head, a notice, tail. Linear in what is kept, whatever was written.

`PrintedText` collects what a snippet prints, passes it on as it comes, and never holds more than its limit. What it
holds is plain text: it is shown on terminals and read by models, and must steer neither.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from ..threads import Alarm, on_a_worker

MAX_LENGTH = 20_000
"""Characters of a value that are shown, unless told otherwise."""

STREAM_PAUSE = 0.05
"""Seconds between two pieces of printed text, so that a print per line doesn't cost an event per line."""


def truncate_content(text: str, max_length: int = MAX_LENGTH) -> str:
    """`text`, or its head and tail with a notice between them where it is longer than `max_length` characters."""
    if len(text) <= max_length:
        return text
    half = max_length // 2
    return _joined(text[:half], len(text) - 2 * half, text[len(text) - half :])


def _joined(head: str, left_out: int, tail: str) -> str:
    return f"{head}\n[... {left_out} characters left out ...]\n{tail}"


_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain_text(text: str) -> str:
    """The text without control characters and terminal escapes. Tabs stay, and every end of a line is `\\n`.

    Lone surrogates, which nobody can write or send, are shown as escapes.
    """
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if _CONTROLS.search(text) is None:
        return text
    text = _SEQUENCES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROLS.sub("", text)


class PrintedText:
    """What a snippet printed: at most `limit` characters of it, the first half and the last.

    `send` gets the text as it comes, in order, up to the limit; pieces that follow each other at once come as one.
    """

    def __init__(self, limit: int, send: Callable[[str], object]) -> None:
        self._half = limit // 2
        self._head: list[str] = []
        self._room = limit - self._half
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self._written = 0
        self._send = send
        self._to_send = limit
        self._unsent: list[str] = []
        self._sent_at = time.monotonic()
        self._streams = False
        self._alarm: Alarm | None = None
        self._lock = threading.RLock()  # a finalizer that prints may run wherever Python makes an object

    def write(self, text: str) -> None:
        """Add `text`; may be called from any thread."""
        text = plain_text(text)
        with self._lock:
            self._keep(text)
            if self._to_send > 0:
                self._pass_on(text[: self._to_send])

    def flush(self) -> None:
        """Send what is waiting to be sent."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Send what is waiting to be sent, and nothing after it.

        Where nothing was sent yet, nothing is: the end of a snippet that took no time brings all of its text.
        """
        with self._lock:
            if not self._streams:
                self._unsent.clear()
            self._flush()
            self._to_send = 0

    def text(self) -> str:
        """What is kept, with a notice where something was left out."""
        with self._lock:
            head = "".join(self._head)
            tail = "".join(self._tail)[-self._half :] if self._half else ""
            left_out = self._written - len(head) - len(tail)
            return _joined(head, left_out, tail) if left_out > 0 else head + tail

    def _keep(self, text: str) -> None:
        """Nothing here relies on the lines before it having been reached: a snippet is stopped anywhere."""
        self._written += len(text)
        if self._room:
            self._head.append(text[: self._room])
            kept = len(self._head[-1])
            self._room -= kept
            if kept == len(text):
                return
            text = text[kept:]
        self._tail.append(text)
        self._tail_length += len(text)
        self._drop(self._tail_length - self._half)

    def _drop(self, surplus: int) -> None:
        """Leave out the first `surplus` characters of the tail."""
        while surplus > 0:
            first = self._tail.popleft()
            if len(first) > surplus:
                self._tail.appendleft(first[surplus:])
            dropped = min(len(first), surplus)
            surplus -= dropped
            self._tail_length -= dropped

    def _pass_on(self, text: str) -> None:
        self._to_send -= len(text)
        self._unsent.append(text)
        now = time.monotonic()
        if now - self._sent_at >= STREAM_PAUSE:
            self._flush()
        elif self._alarm is None:
            self._alarm = Alarm(STREAM_PAUSE, partial(on_a_worker, self.flush))

    def _flush(self) -> None:
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.cancel()
        if self._unsent:
            text = "".join(self._unsent)
            self._unsent.clear()
            self._sent_at = time.monotonic()
            self._streams = True
            self._send(text)
