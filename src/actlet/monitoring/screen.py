"""Who writes to the screen, so that runs that go on at once don't write into each other.

Whatever is drawn is drawn as a block, under one lock for the process, for a process has one screen. The exception
is text that is shown as it streams: `LiveText` writes each piece as it comes, straight to the file, so that a piece
costs a write and no more. One reply streams at a time; the pieces of another one are held and shown whole at its
end. A block that comes in between starts on a line of its own, and the stream goes on after it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import IO, Any

from ..printable import printable

FLUSH_EVERY = 0.02  # seconds: quicker than the eye

_lock = threading.RLock()
_open_line: IO[str] | None = None


def _nobody() -> LiveText | None:
    return None


_speaker: Callable[[], LiveText | None] = _nobody


@contextmanager
def block(file: IO[str]) -> Iterator[None]:
    """Hold the screen, at the beginning of a line, for what is drawn inside."""
    global _open_line
    with _lock:
        if _open_line is file:
            file.write("\n")
            _open_line = None
        yield


def draw(console: Any, *parts: Any, **options: Any) -> None:
    """Print to a rich console as one block. Text given as `str` is shown as it is: brackets aren't markup."""
    from rich.text import Text

    shown = [Text(printable(part)) if isinstance(part, str) else part for part in parts]
    with block(console.file):
        console.print(*shown, **options)


class LiveText:
    """Text that is shown while it comes. `indent` stands before each of its lines, `label` before the first."""

    def __init__(self, file: IO[str], indent: str = "", label: str = "") -> None:
        self._file, self._indent = file, indent
        self._held: list[str] = [indent + label] if indent or label else []
        self._flushed = 0.0

    def write(self, text: str) -> None:
        """Show a piece, or hold it while another reply streams."""
        global _speaker
        text = printable(text)
        if self._indent:
            text = text.replace("\n", "\n" + self._indent)
        with _lock:
            speaker = _speaker()
            if speaker is None:
                _speaker = weakref.ref(self)
            elif speaker is not self:
                self._held.append(text)
                return
            self._put(text)

    def end(self) -> None:
        """Show what was held, end the line, and let others stream."""
        global _speaker, _open_line
        with _lock:
            if _speaker() is self:
                _speaker = _nobody
            elif self._held:
                with block(self._file):
                    self._put("")
            if _open_line is self._file:
                self._file.write("\n")
                _open_line = None
            self._file.flush()

    def _put(self, text: str) -> None:
        global _open_line
        if self._held:
            text = "".join(self._held) + text
            self._held.clear()
        self._file.write(text)
        _open_line = None if text.endswith("\n") else self._file
        now = monotonic()
        if now - self._flushed > FLUSH_EVERY:
            self._file.flush()
            self._flushed = now
