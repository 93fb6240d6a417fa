"""The host's end of what connects it with a kernel: bytes out without waiting, bytes in for whoever waits for them.

The rule: `send` never waits for the other side, which may have stopped reading; what can't be written at once is
written by a worker. One thread at a time reads. Nothing here knows what the bytes mean.

`PipeChannel` is for descriptors (pipes, sockets); `FedChannel` for services that call back with what came in;
`LinesChannel` for those of them that carry nothing but text.
"""

from __future__ import annotations

import os
import select
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..threads import Worker
from .kernel import Blob, ByteReader, FromLines, to_lines

PIPE_SIZE = 1 << 20
"""Bytes that a pipe holds, where the system lets us choose: large values cross in fewer turns."""


class Channel(ABC):
    """What connects the host with a kernel."""

    @abstractmethod
    def send(self, pieces: Sequence[Blob]) -> None:
        """Write all of it, now or as soon as it can be, in order. Never waits. Raises `OSError` if nobody reads."""

    @abstractmethod
    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes, waiting for them. Raises `EOFError` if there are no more."""

    @abstractmethod
    def ended(self) -> bool:
        """Whether the other side has ended, as far as can be told without waiting."""

    @abstractmethod
    def quiet(self) -> bool:
        """Whether there is nothing to read, not even the end of the other side."""

    @abstractmethod
    def close_writing(self) -> None:
        """Write nothing more. A kernel that reads the end of its channel ends itself; whoever reads here may get
        `EOFError` from now on. May be called while another thread reads, and more than once."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds. Called when nobody reads any more; may be called more than once."""


class PipeChannel(Channel):
    """Two descriptors, which may be the same one (a socket). It owns them, and closes them."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self._reader = _Reader(read_fd)
        self._glance = select.poll()  # of its own: two threads can't use one at once
        self._glance.register(read_fd, select.POLLIN)
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
        return self._reader.read(size)

    def ended(self) -> bool:
        """Whether the other side has closed its end, or ended."""
        with self._lock:
            if self._read_fd not in self._open:
                return True
            poll = select.poll()
            poll.register(self._read_fd, getattr(select, "POLLRDHUP", 0))
            return bool(poll.poll(0))

    def quiet(self) -> bool:
        """Whether there is nothing to read, not even the end of the other side."""
        with self._lock:
            return self._read_fd in self._open and not self._reader.ahead and not self._glance.poll(0)

    def close_writing(self) -> None:
        """Write nothing more: the kernel reads the end of its channel, if the two ends aren't one socket."""
        self._reader.over = True
        with self._lock:
            self._waiting.clear()
            if self._write_fd != self._read_fd and self._write_fd in self._open:
                self._open.discard(self._write_fd)
                os.close(self._write_fd)

    def close(self) -> None:
        """Close both."""
        with self._lock:
            self._waiting.clear()
            for fd in self._open:
                os.close(fd)
            self._open = set()


class _Reader(ByteReader):
    """Reads until it is told that it is over, even if somebody has kept the other end of a pipe open."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self.over = False

    def _sleep(self) -> None:
        """Until there is something to read. Raises `EOFError` once it is over."""
        while not self._poll.poll(OVER_MS):
            if self.over:
                raise EOFError("the channel was closed")


OVER_MS = 500
"""Milliseconds between two looks at whether the channel was closed, of who waits for a kernel."""


class FedChannel(Channel):
    """For a service's SDK: it calls `feed` with the bytes that came in, and `feed_end` at their end, on any thread.

    `write(data)` sends bytes; it may wait, and is called on a worker, in order. If it raises, the channel ends.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._service_write = write
        self._changed = threading.Condition()
        self._came = bytearray()
        self._over = ""
        self._waiting: deque[bytes] = deque()
        self._writing = False

    def feed(self, data: bytes) -> None:
        """These bytes came in."""
        with self._changed:
            self._came += data
            self._changed.notify_all()

    def feed_end(self, why: str = "the channel was closed by the other side") -> None:
        """No more bytes come in. What came before can still be read."""
        with self._changed:
            self._over = self._over or why
            self._changed.notify_all()

    def send(self, pieces: Sequence[Blob]) -> None:
        """Have all of it written by a worker, in order."""
        with self._changed:
            if self._over:
                raise BrokenPipeError(self._over)
            self._waiting.append(b"".join(pieces))
            if self._writing:
                return
            self._writing = True
        worker = Worker.take()
        worker.submit(lambda: self._write_on(worker))

    def _write_on(self, worker: Worker) -> None:
        """On a worker: write all that waits, as few times as possible."""
        try:
            while data := self._next():
                self._service_write(data)
        except Exception as error:
            self.feed_end(f"writing to it failed: {type(error).__name__}: {error}")
        finally:
            worker.release()

    def _next(self) -> bytes:
        with self._changed:
            data = b"".join(self._waiting)
            self._waiting.clear()
            self._writing = bool(data)
            return data

    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes, waiting for them. Raises `EOFError` if there are no more."""
        with self._changed:
            while len(self._came) < size:
                if self._over:
                    raise EOFError(self._over)
                self._changed.wait()
            data = self._came[:size]
            del self._came[:size]
            return data

    def ended(self) -> bool:
        """Whether its end was fed, or writing failed."""
        return bool(self._over)

    def quiet(self) -> bool:
        """Whether there is nothing to read, not even the end."""
        return not self._came and not self._over

    def close_writing(self) -> None:
        """Write and read nothing more."""
        with self._changed:
            self._waiting.clear()
        self.feed_end("the channel was closed")

    def close(self) -> None:
        """Write and read nothing more, and forget what came in."""
        self.close_writing()
        with self._changed:
            self._came.clear()


class LinesChannel(FedChannel):
    """A `FedChannel` for a service that carries only text, with a kernel that was started as `kernel.py lines`:
    what is written, and what is fed, are lines of base64."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        super().__init__(lambda data: write(to_lines(data)))
        self._lines = FromLines()

    def feed(self, data: bytes) -> None:
        """This text came in; it may begin and end in the middle of a line. Ends the channel if it isn't base64."""
        try:
            decoded = self._lines.feed(data)
        except ValueError as error:
            self.feed_end(str(error))
            return
        super().feed(decoded)


def _enlarge(fd: int) -> None:
    with suppress(OSError, ImportError, AttributeError):
        import fcntl

        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
