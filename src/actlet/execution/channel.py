"""The host's end of what connects it with a kernel: bytes out without waiting, bytes in on a thread that waits.

The rule: `send` never waits for the other side, which may have stopped reading; what can't be written at once is
written by a worker. Nothing here knows what the bytes mean.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from ..threads import Worker
from .kernel import Blob

PIPE_SIZE = 1 << 20
"""Bytes that a pipe holds, where the system lets us choose: large values cross in fewer turns."""


class Channel:
    """Two descriptors, which may be the same one (a socket). It owns them, and closes them."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._lock = threading.Lock()
        self._waiting: deque[memoryview] = deque()
        self._writing = False
        self._open = {read_fd, write_fd}
        os.set_blocking(write_fd, False)
        for fd in self._open:
            _enlarge(fd)

    def send(self, pieces: Sequence[Blob]) -> None:
        """Write all of it, now or as soon as it can be. Raises `OSError` if nobody reads any more."""
        with self._lock:
            self._waiting.extend(memoryview(piece).cast("B") for piece in pieces if len(piece))
            if self._writing or self._write():
                return
            self._writing = True
        worker = Worker.take()
        worker.submit(lambda: self._write_on(worker))

    def _write(self) -> bool:
        """Write what can be written; whether that was all."""
        waiting = self._waiting
        while waiting:
            if self._write_fd not in self._open:
                raise BrokenPipeError("the channel is closed")
            try:
                count = os.write(self._write_fd, waiting[0][:PIPE_SIZE])
            except BlockingIOError:
                return False
            if count == len(waiting[0]):
                waiting.popleft()
            else:
                waiting[0] = waiting[0][count:]
        return True

    def _write_on(self, worker: Worker) -> None:
        """On a worker: write what is left, as the other side reads. Ends when the channel is closed."""
        with suppress(OSError):
            while True:
                with self._lock:
                    if self._write():
                        self._writing = False
                        break
                    poll = select.poll()
                    poll.register(self._write_fd, select.POLLOUT)
                poll.poll(200)
        worker.release()

    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes, waiting for them. Raises `EOFError` if there are no more."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            try:
                count = os.readv(self._read_fd, [view[:PIPE_SIZE]])
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._read_fd, select.POLLIN)
                poll.poll()
                continue
            if not count:
                raise EOFError("the channel was closed by the other side")
            view = view[count:]
        return data

    def close_writing(self) -> None:
        """Write nothing more. A kernel that reads the end of its channel ends itself."""
        with self._lock:
            self._waiting.clear()
            if self._write_fd != self._read_fd and self._write_fd in self._open:
                self._open.discard(self._write_fd)
                os.close(self._write_fd)

    def close(self) -> None:
        """Close both. Called by whoever reads, when it has stopped reading."""
        with self._lock:
            self._waiting.clear()
            for fd in self._open:
                os.close(fd)
            self._open = set()


def _enlarge(fd: int) -> None:
    with suppress(OSError, ImportError, AttributeError):
        import fcntl

        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
