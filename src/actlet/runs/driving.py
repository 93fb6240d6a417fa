"""The driver for threads: performs the waits of a run in the thread that iterates over it.

What a run calls, it calls right here: a tool that is bound to the caller's thread works, and Ctrl-C reaches it.
Only what must go on side by side, or end on time, gets a thread of its own; coroutines go to the background loop.

`wake()` is how another thread interrupts: whatever is being waited for is left, with `AgentInterruptedError`, and
what it had started is stopped. A function that sits in C code is left when it comes back to Python.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from .. import portal
from ..errors import AgentInterruptedError
from ..execution.box import CodeOutput
from ..threads import Worker
from .waits import END, Call, Close, Gather, Inbox, Next, Open, Sleep, Stream, Wait

Shown = Callable[[Any], bool]
"""Is told every event, and says whether whoever iterates over the run is to get it."""

_WAKE = object()

STOPPING = 5.0
"""Seconds that a stopped snippet has to say that it has ended; a box that keeps its word needs less."""


class Interrupted(BaseException):
    """Raised inside a function that is being interrupted; `Exception` handlers of users don't catch it."""


def interrupted() -> AgentInterruptedError:
    """The error of a run that was interrupted."""
    return AgentInterruptedError("Agent interrupted.")


class Driver:
    """Performs the waits of one run, in one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._woken = False
        self._inside: int | None = None
        self._inbox: SimpleQueue[Any] | None = None
        self._future: Future[Any] | None = None
        self._opened: list[Any] = []

    def drive(self, work: Generator[Any, Any, Any], shown: Shown) -> Generator[Any, None, Any]:
        """Perform the waits of `work`, yielding its events that are `shown`. Returns what `work` returns."""
        result: Any = None
        failure: BaseException | None = None
        try:
            while True:
                try:
                    item = work.send(result) if failure is None else work.throw(failure)
                except StopIteration as end:
                    return end.value
                result = failure = None
                if not isinstance(item, Wait):
                    if shown(item):
                        yield item
                    continue
                try:
                    result = self._perform(item)
                except Interrupted:
                    failure = self._left()
                except Exception as error:
                    failure = error
        finally:
            work.close()
            self._close_all()

    def wake(self) -> None:
        """Interrupt what is being waited for; if nothing is, the next wait. From any thread."""
        with self._lock:
            self._woken = True
            if self._inside is not None:
                _raise_in(self._inside, Interrupted)
            if self._future is not None:
                self._future.cancel()
            if self._inbox is not None:
                self._inbox.put(_WAKE)

    def _perform(self, wait: Wait) -> Any:
        if self._woken:
            raise self._left()
        match wait:
            case Next(opened):
                return opened.next()
            case Call():
                return self._call(wait)
            case Open(source):
                opened = _SOURCES[type(source)](self, source)
                self._opened.append(opened)
                return opened
            case Close(opened):
                self._opened.remove(opened)
                return opened.close()
            case Sleep(seconds):
                return self.receive(SimpleQueue(), seconds)
        raise TypeError(f"a driver can't wait for {wait!r}")

    def _close_all(self) -> None:
        while self._opened:
            self._opened.pop().close()

    def _call(self, call: Call) -> Any:
        if call.timeout is not None and call.function is not None:
            return self._call_on_time(call, call.timeout)
        if call.function is not None:
            return self.inside(lambda: call.function(**call.arguments))  # type: ignore[misc]
        assert call.coroutine is not None
        return self._await(call.coroutine(**call.arguments), call.timeout)

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

    def _await(self, coroutine: Any, timeout: float | None) -> Any:
        future = self._future = portal.submit(coroutine)
        try:
            if self._woken:
                future.cancel()
            return future.result(timeout)
        except CancelledError:
            raise self._left() from None
        finally:
            self._future = None
            future.cancel()

    def _call_on_time(self, call: Call, timeout: float) -> Any:
        opened = _Gathered(self, Gather((call,)))
        try:
            finished = opened.next(timeout)
            if finished is END:
                raise TimeoutError(f"it took longer than its timeout of {timeout:g} s")
            _, value, error = finished
            if error is not None:
                raise error
            return value
        finally:
            opened.close()

    def receive(self, inbox: SimpleQueue[Any], timeout: float | None = None) -> Any:
        """What is delivered next, or `END` when `timeout` seconds pass first."""
        self._inbox = inbox
        try:
            if self._woken:
                inbox.put(_WAKE)
            item = inbox.get(timeout=timeout)
        except Empty:
            return END
        finally:
            self._inbox = None
        if item is _WAKE:
            raise self._left()
        return item


class _Delivered:
    """An inbox that somebody delivers to. Whoever closes it early waits until what was stopped has ended."""

    def __init__(self, driver: Driver, source: Inbox) -> None:
        self._driver, self._stop = driver, source.stop
        self._items: SimpleQueue[Any] = SimpleQueue()
        self._ended = False
        source.start(self._items.put)

    def next(self) -> Any:
        item = self._driver.receive(self._items)
        self._ended = isinstance(item, CodeOutput)
        return item

    def close(self) -> None:
        if self._ended:
            return
        self._stop()
        with suppress(Empty):
            while not isinstance(self._items.get(timeout=STOPPING), CodeOutput):
                pass


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
        self._driver = driver
        self._items: SimpleQueue[Any] = SimpleQueue()
        self._future = portal.submit(self._pump(source.coroutine(**source.arguments)))

    async def _pump(self, pieces: Any) -> None:
        try:
            async for piece in pieces:
                self._items.put((piece, None))
            self._items.put((END, None))
        except Exception as error:
            self._items.put((None, error))
        finally:
            await pieces.aclose()

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
    """Calls side by side, each on a worker; workers that are still busy at the end are stopped."""

    def __init__(self, driver: Driver, source: Gather) -> None:
        self._driver = driver
        self.results: SimpleQueue[Any] = SimpleQueue()
        self._waiting = list(enumerate(source.calls))[::-1]
        self._running: dict[int, Worker] = {}
        for _ in range(min(len(source.calls), source.limit or len(source.calls))):
            self._start()

    def _start(self) -> None:
        position, call = self._waiting.pop()
        worker = self._running[position] = Worker.take()
        worker.submit(lambda: self.results.put((position, *_outcome(call))))

    def next(self, timeout: float | None = None) -> Any:
        if not self._running:
            return END
        finished = self._driver.receive(self.results, timeout)
        if finished is END:
            return END
        self._running.pop(finished[0]).release()
        if self._waiting:
            self._start()
        return finished

    def close(self) -> None:
        while not self.results.empty():
            self._running.pop(self.results.get()[0]).release()
        for worker in self._running.values():
            worker.stop(Interrupted)


def _outcome(call: Call) -> tuple[Any, Exception | None]:
    try:
        if call.function is not None:
            return call.function(**call.arguments), None
        assert call.coroutine is not None
        return portal.call(call.coroutine(**call.arguments)), None
    except Exception as error:
        return None, error


_SOURCES: dict[type, Callable[[Driver, Any], Any]] = {Inbox: _Delivered, Stream: _streamed, Gather: _Gathered}


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have CPython raise `error` in a thread when it next runs Python code; None takes it back."""
    exception = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), exception)
