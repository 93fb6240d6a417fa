"""The driver for threads: performs the waits of a run in the thread that iterates over it.

What a run calls, it calls right here: a tool that is bound to the caller's thread works, and Ctrl-C reaches it.
Only what must go on side by side, or end on time, gets a thread of its own; coroutines go to the background loop.

`wake()` is how another thread interrupts: whatever is being waited for is left, with `AgentInterruptedError`, and
what it had started is stopped. A function that sits in C code is left when it comes back to Python.
"""

from __future__ import annotations

import ctypes
import threading
from asyncio import CancelledError
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from .. import portal
from ..bridges import Stopped, failure, pump
from ..errors import AgentInterruptedError
from ..execution.box import CodeOutput
from ..threads import Alarm, Worker
from .waits import END, Call, Close, Gather, Next, Open, Sleep, Snippet, Stream, Wait
from .wrapping import leave

Shown = Callable[[Any], bool]
"""Is told every event, and says whether whoever iterates over the run is to get it."""

_WAKE = object()

STOPPING = 5.0
"""Seconds that a stopped snippet has to say that it has ended; a box that keeps its word needs less."""


def interrupted() -> AgentInterruptedError:
    """The error of a run that was interrupted."""
    return AgentInterruptedError("Agent interrupted.")


def too_late(call: Call) -> TimeoutError:
    """The error of a call that took longer than it may."""
    return TimeoutError(f"it took longer than its timeout of {call.timeout:g} s")


class Driver:
    """Performs the waits of one run, in one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._woken = False
        self._inside: int | None = None
        self._inbox: SimpleQueue[Any] | None = None
        self._opened: list[Any] = []

    def drive(self, work: Generator[Any, Any, Any], shown: Shown) -> Generator[Any, None, Any]:
        """Perform the waits of `work`, yielding its events that are `shown`. Returns what `work` returns."""
        result: Any = None
        problem: BaseException | None = None
        try:
            while True:
                try:
                    item = work.send(result) if problem is None else work.throw(problem)
                except StopIteration as end:
                    return end.value
                result = problem = None
                if not isinstance(item, Wait):
                    if shown(item):
                        yield item
                    continue
                try:
                    result = self._perform(item)
                except Stopped:
                    problem = self._left()
                except (Exception, CancelledError) as error:
                    problem = failure(error)
        finally:
            self._close_all()  # first, so that the work can tell what had come of what was stopped
            leave(work)

    def wake(self, quietly: bool = False) -> None:
        """Interrupt what is being waited for; if nothing is, or `quietly`, the next wait. From any thread."""
        with self._lock:
            self._woken = True
            if quietly:
                return
            if self._inside is not None:
                _raise_in(self._inside, Stopped)
            if self._inbox is not None:
                self._inbox.put(_WAKE)

    def wake_at_last(self) -> None:
        """`wake`, if a quiet one hasn't been met yet."""
        if self._woken:
            self.wake()

    def _perform(self, wait: Wait) -> Any:
        if self._woken and not isinstance(wait, Close):
            raise self._left()
        return _WAYS[type(wait)](self, wait)

    def _open(self, wait: Open) -> Any:
        opened = _SOURCES[type(wait.source)](self, wait.source)
        self._opened.append(opened)
        return opened

    def _close(self, wait: Close) -> Any:
        self._opened.remove(wait.opened)
        return wait.opened.close()

    def _close_all(self) -> None:
        while self._opened:
            self._opened.pop().close()

    def _call(self, call: Call) -> Any:
        if call.function is not None and call.timeout is None:
            return self.inside(partial(call.function, **call.arguments))
        opened = _Gathered(self, Gather((call,)))
        try:
            _, value, error = opened.next()
        finally:
            opened.close()
        if error is not None:
            raise error
        return value

    def inside(self, function: Callable[[], Any]) -> Any:
        """Call a function in this thread, so that `wake` reaches it."""
        try:
            with self._lock:
                self._inside = threading.get_ident()
            return function()
        finally:
            self._outside()

    def _outside(self) -> None:
        with self._lock:
            if self._woken and self._inside is not None:
                _raise_in(self._inside, None)
            self._inside = None

    def _left(self) -> AgentInterruptedError:
        """The interruption has arrived: what comes next may wait again."""
        self._outside()
        self._woken = False
        return interrupted()

    def receive(self, inbox: SimpleQueue[Any], timeout: float | None = None) -> Any:
        """What is delivered next, or `END` when `timeout` seconds pass first."""
        with self._lock:
            self._inbox = inbox
            if self._woken:
                inbox.put(_WAKE)
        try:
            item = inbox.get(timeout=timeout)
        except Empty:
            return END
        finally:
            with self._lock:
                self._inbox = None
        if item is _WAKE:
            raise self._left()
        return item


_WAYS: dict[type, Callable[[Driver, Any], Any]] = {
    Next: lambda _, wait: wait.opened.next(),
    Call: Driver._call,
    Open: Driver._open,
    Close: Driver._close,
    Sleep: lambda driver, wait: driver.receive(SimpleQueue(), wait.seconds),
}
"""What each kind of wait comes down to."""


class _Delivered:
    """What a box delivers of a snippet. Whoever closes it early waits until the snippet has ended."""

    def __init__(self, driver: Driver, source: Snippet) -> None:
        self._driver, self._box = driver, source.box
        self._items: SimpleQueue[Any] = SimpleQueue()
        self.last: Any = None
        self._box.submit(source.code, self._items.put)

    def next(self) -> Any:
        self.last = self._driver.receive(self._items)
        return self.last

    def close(self) -> Any:
        if not isinstance(self.last, CodeOutput):
            self._box.interrupt()
            with suppress(Empty):
                while not isinstance(self.last, CodeOutput):
                    self.last = self._items.get(timeout=STOPPING)
        return self.last


class _Iterated:
    """A reply in pieces, from an iterator in this thread."""

    def __init__(self, driver: Driver, source: Stream) -> None:
        assert source.function is not None
        self._driver = driver
        self._pieces = iter(source.function(**source.arguments))

    def next(self) -> Any:
        return self._driver.inside(lambda: next(self._pieces, END))

    def close(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


class _Pumped:
    """A reply in pieces, from an asynchronous iterator on the background loop."""

    def __init__(self, driver: Driver, source: Stream) -> None:
        assert source.coroutine is not None
        portal.refuse_on_loop()
        self._driver = driver
        self._items: SimpleQueue[Any] = SimpleQueue()
        self._future = portal.submit(pump(aiter(source.coroutine(**source.arguments)), self._items.put))

    def next(self) -> Any:
        piece, error = self._driver.receive(self._items)
        if error is not None:
            raise error
        return piece

    def close(self) -> None:
        self._future.cancel()


def _streamed(driver: Driver, source: Stream) -> _Iterated | _Pumped:
    return _Iterated(driver, source) if source.function is not None else _Pumped(driver, source)


class _Gathered:
    """Calls side by side, on workers and on the background loop; those still going on at the end are stopped."""

    def __init__(self, driver: Driver, source: Gather) -> None:
        self._driver = driver
        self._results: SimpleQueue[Any] = SimpleQueue()
        self._waiting = list(enumerate(source.calls))[::-1]
        self._running: dict[int, _Job] = {}
        self._lines: set[str | None] = set()
        self.last: list[Any] = []
        for _ in range(min(len(source.calls), source.limit or len(source.calls))):
            self._start()

    def _start(self) -> None:
        """Start the first call that need not wait for another one of its line, if there is one."""
        free = (n for n in reversed(range(len(self._waiting))) if self._waiting[n][1].line not in self._lines)
        number = next(free, None)
        if number is None:
            return
        position, call = self._waiting.pop(number)
        if call.line is not None:
            self._lines.add(call.line)
        self._running[position] = _Job(call, lambda value, error: self._results.put((position, value, error)))

    def next(self) -> Any:
        if not self._running:
            return END
        finished = self._driver.receive(self._results)
        self._lines.discard(self._running.pop(finished[0]).call.line)
        self._start()
        return finished

    def close(self) -> list[Any]:
        """Stop what is going on; returns what had ended and was not asked for yet."""
        for job in self._running.values():
            job.stop()
        self.last = []
        with suppress(Empty):
            while True:
                self.last.append(self._results.get_nowait())
        self.last = [finished for finished in self.last if finished is not _WAKE]
        return self.last


class _Job:
    """A call that goes on by itself. `done(value, error)` is called once: at its end, or when its time is up."""

    def __init__(self, call: Call, done: Callable[[Any, Exception | None], object]) -> None:
        self.call, self._done = call, done
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._future: Future[Any] | None = None
        self._alarm: Alarm | None = None
        if call.function is not None:
            self._worker = Worker.take()
            self._worker.submit(self._work)
        else:
            assert call.coroutine is not None
            portal.refuse_on_loop()
            self._future = portal.submit(call.coroutine(**call.arguments))
            self._future.add_done_callback(self._awaited)
        if call.timeout is not None and self._done is not _nothing:
            self._alarm = Alarm(call.timeout, self._expire)

    def _work(self) -> None:
        assert self.call.function is not None
        try:
            value, error = self.call.function(**self.call.arguments), None
        except BaseException as problem:
            value, error = None, failure(problem)
        self._settle(value, error)

    def _awaited(self, future: Future[Any]) -> None:
        problem = CancelledError() if future.cancelled() else future.exception()
        if problem is None:
            self._settle(future.result(), None)
        else:
            self._settle(None, failure(problem))

    def _expire(self) -> None:
        self._settle(None, too_late(self.call), stopped=True)

    def _settle(self, value: Any, error: Exception | None, stopped: bool = False) -> None:
        with self._lock:
            done, self._done = self._done, _nothing
        if done is _nothing:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        if stopped:
            self._end()
        elif self._worker is not None:
            self._worker.release()
        done(value, error)

    def stop(self) -> None:
        """Stop the call, as far as it can be stopped; nobody is told any more. One that has ended is left alone:
        its worker may be somebody else's by now."""
        with self._lock:
            done, self._done = self._done, _nothing
        if done is _nothing:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._end()

    def _end(self) -> None:
        if self._worker is not None and not self._worker.stop(Stopped):
            self._worker.release()
        if self._future is not None:
            self._future.cancel()


def _nothing(_value: Any, _error: Exception | None) -> None:
    """Tells nobody."""


_SOURCES: dict[type, Callable[[Driver, Any], Any]] = {Snippet: _Delivered, Stream: _streamed, Gather: _Gathered}


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have CPython raise `error` in a thread when it next runs Python code; None takes it back."""
    exception = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), exception)
