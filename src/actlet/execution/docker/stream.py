"""A container's standard streams as a channel to the kernel in it.

The engine sends what a container writes in pieces, each with a header of 8 bytes: which of its streams (1 is
standard output, 2 standard error), three zeros, and the length. The kernel's messages are on standard output; of
standard error, where nothing is once the kernel runs, the end is kept: it says why a kernel didn't start.

https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from ..channel import PipeChannel

HEADER = 8
KEPT = 2_000
"""Bytes of standard error that are kept."""

ERRORS = 2


class AttachedChannel(PipeChannel):
    """The socket of an attached container, by its descriptor, which it owns."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, fd)
        self._left = 0
        self._ended_first: bool | None = None
        self._errors = bytearray()

    @property
    def errors(self) -> str:
        """The end of what the container wrote to its standard error."""
        return self._errors.decode("utf-8", "replace").strip()

    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes of standard output, waiting for them. Raises `EOFError` if there are no more."""
        data = bytearray()
        while len(data) < size:
            if not self._left:
                self._next_piece()
                continue
            part = super().read(min(size - len(data), self._left))
            self._left -= len(part)
            data += part
        return data

    def _next_piece(self) -> None:
        header = super().read(HEADER)
        length = int.from_bytes(header[4:], "big")
        if header[0] == ERRORS:
            self._errors += super().read(length)
            del self._errors[:-KEPT]
        else:
            self._left = length

    @property
    def ended_by_itself(self) -> bool:
        """Whether the container had ended before it was told to."""
        return self.ended() if self._ended_first is None else self._ended_first

    def close_writing(self) -> None:
        """Write nothing more: the engine closes the kernel's standard input."""
        if self._ended_first is None:
            self._ended_first = self.ended()
        with self._lock, suppress(OSError):
            self._waiting.clear()
            if self._write_fd in self._open:
                with socket.socket(fileno=os.dup(self._write_fd)) as same:
                    same.shutdown(socket.SHUT_WR)
