"""A kernel that runs, as the host holds it: what is sent to it, and who listens to it.

The rule: whoever waits for something listens. While a snippet runs that is the thread that waits for its end;
between two snippets it is nobody, so that an idle box costs no thread. Where several wait, one listens for all.
What a message means is no business of this file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .channel import Channel
from .kernel import Blob, Codec, Limits, frame, read_frame

Message = dict[str, Any]
Blobs = list[bytearray | None]
Hear = Callable[["Link", Message, Blobs], None]


class Asked:
    """What a kernel was asked to do with a file, and its reply once there is one."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.reply: tuple[Message, Blobs] | None = None


class Link:
    """A kernel: its channel and values, whether it is over, its last snippet to end, the files it was asked for."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self.channel = channel
        self.codec = Codec(limits)
        self.limits = limits
        self.over = False
        self.ended = 0
        self.asked: dict[int, Asked] = {}
        self.process = os.getpid()
        self.tools_sent: dict[str, Any] | None = None
        self._changed = threading.Condition()
        self._listening = False
        self._waiting = 0

    def send(self, message: Message, blobs: list[Blob] | None = None) -> None:
        """Send a message. Raises `CrossError` if it is too large; one to a kernel that has ended is dropped."""
        pieces = frame(message, blobs or [], self.limits)
        with suppress(OSError):  # whoever listens finds out that it has ended, and tells
            self.channel.send(pieces)

    def listen(self, until: Callable[[], object], hear: Hear) -> None:
        """Pass on messages until `until()` or the end of the link, or wait while another thread does so.

        `until` is called often, and must not wait. Raises what `hear` raises, `EOFError` and `OSError` where the
        kernel has ended, and `FrameError` for what is no message.
        """
        if not self._take_over(until):
            return
        try:
            while not until() and not self.over:
                hear(self, *read_frame(self.channel.read, self.limits))
                if self._waiting:
                    self._tell()
        finally:
            with self._changed:
                self._listening = False
                self._changed.notify_all()
                if self.over:
                    self.channel.close()

    def _take_over(self, until: Callable[[], object]) -> bool:
        """Wait until nobody else listens; False if there is nothing to wait for any more."""
        with self._changed:
            self._waiting += 1
            while self._listening and not until() and not self.over:
                self._changed.wait(1)
            self._waiting -= 1
            if until() or self.over:
                return False
            self._listening = True
            return True

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def end(self) -> None:
        """Nobody listens any more, and nothing more is sent. Doesn't wait."""
        self.over = True
        self.channel.close_writing()
        with self._changed:
            self._changed.notify_all()
            if not self._listening:
                self.channel.close()
