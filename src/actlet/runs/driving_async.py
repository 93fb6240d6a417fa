"""The driver for event loops: performs the waits of a run as awaits of the task that iterates over it.

Coroutines are awaited in place; what blocks runs on a worker. Cancelling the task cancels the coroutine that is
awaited, and stops the workers, snippets and streams that are open. `wake()` interrupts from any thread: it cancels
the wait, not the task, which goes on with `AgentInterruptedError`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import AgentInterruptedError
from ..execution.box import CodeOutput
from ..threads import Worker
from .driving import STOPPING, Interrupted, Shown, interrupted
from .waits import END, Call, Close, Gather, Inbox, Next, Open, Sleep, Stream, Wait


class AsyncDriver:
    """Performs the waits of one run, in one task at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        self._woken = False
        self._opened: list[Any] = []
        self.result: Any = None

    async def drive(self, work: Generator[Any, Any, Any], shown: Shown) -> AsyncGenerator[Any, None]:
        """Perform the waits of `work`, yielding those of its events that are `shown`; `result` is then what `work`
        returned."""
        result: Any = None
        failure: BaseException | None = None
        try:
            while True:
                try:
                    item = work.send(result) if failure is None else work.throw(failure)
                except StopIteration as end:
                    self.result = end.value
                    return
                result = failure = None
                if not isinstance(item, Wait):
                    if shown(item):
                        yield item
                    continue
                try:
                    result = await self._perform(item)
                except Exception as error:
                    failure = error
        finally:
            work.close()
            await self._close_all()

    def wake(self) -> None:
        """Interrupt what is being awaited; if nothing is, the next wait. From any thread."""
        self._woken = True
        self._loop.call_soon_threadsafe(self._cancel_wait)

    def _cancel_wait(self) -> None:
        if self._woken and self._task is not None:
            self._task.cancel()

    async def _perform(self, wait: Wait) -> Any:
        if self._woken:
            raise self._left()
        self._task = asyncio.current_task()
        try:
            match wait:
                case Next(opened):
                    return await opened.next()
                case Call():
                    return await call(wait)
                case Open(source):
                    opened = _SOURCES[type(source)](source)
                    self._opened.append(opened)
                    return opened
                case Close(opened):
                    self._opened.remove(opened)
                    return await opened.close()
                case Sleep(seconds):
                    return await asyncio.sleep(seconds)
            raise TypeError(f"a driver can't wait for {wait!r}")
        except asyncio.CancelledError:
            if self._woken and self._task is not None and self._task.uncancel() == 0:
                raise self._left() from None
            raise
        finally:
            self._task = None

    def _left(self) -> AgentInterruptedError:
        self._woken = False
        return interrupted()

    async def _close_all(self) -> None:
        while self._opened:
            await self._opened.pop().close()


async def call(call: Call) -> Any:
    """Call a function: a coroutine here, what blocks on a worker."""
    if call.coroutine is not None:
        work = call.coroutine(**call.arguments)
    else:
        assert call.function is not None
        work = on_worker(call.function, **call.arguments)
    if call.timeout is None:
        return await work
    try:
        async with asyncio.timeout(call.timeout) as limit:
            return await work
    except TimeoutError:
        if limit.expired():
            raise TimeoutError(f"it took longer than its timeout of {call.timeout:g} s") from None
        raise


async def on_worker(function: Callable[..., Any], **arguments: Any) -> Any:
    """Call a blocking function on a worker; cancelling stops it as far as Python code can be stopped."""
    post, done = _post(), asyncio.get_running_loop().create_future()
    worker = Worker.take()

    def job() -> None:
        try:
            value, error = function(**arguments), None
        except Exception as problem:
            value, error = None, problem
        post.send(_settle, (done, value, error))

    worker.submit(job)
    try:
        value = await done
    except asyncio.CancelledError:
        worker.stop(Interrupted)
        raise
    finally:
        worker.release()
    return value


def _settle(outcome: tuple[asyncio.Future[Any], Any, Exception | None]) -> None:
    future, value, error = outcome
    if future.done():
        return
    if isinstance(error, StopIteration):  # a future can't hold one
        error = RuntimeError(f"StopIteration was raised: {error}")
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


class _Post:
    """Carries what threads have for an event loop, waking it once for all that came meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._letters: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._on_its_way = False

    def send(self, receive: Callable[[Any], None], letter: Any) -> None:
        """Have `receive(letter)` called on the loop; from any thread. A loop that is closed gets nothing."""
        self._letters.append((receive, letter))
        if not self._on_its_way and not self._loop.is_closed():
            self._on_its_way = True
            self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._on_its_way = False
        while self._letters:
            receive, letter = self._letters.popleft()
            receive(letter)


_posts: WeakKeyDictionary[asyncio.AbstractEventLoop, _Post] = WeakKeyDictionary()


def _post() -> _Post:
    """The post of the running loop."""
    loop = asyncio.get_running_loop()
    post = _posts.get(loop)
    if post is None:
        post = _posts[loop] = _Post(loop)
    return post


class _Delivered:
    """An inbox that somebody delivers to, from any thread. Whoever closes it early waits until what was stopped has
    ended."""

    def __init__(self, source: Inbox) -> None:
        self._items: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._stop = source.stop
        source.start(partial(_post().send, self._put))

    def _put(self, item: Any) -> None:
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> Any:
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        item = self._items.popleft()
        self._ended = isinstance(item, CodeOutput)
        return item

    async def close(self) -> None:
        if self._ended:
            return
        self._stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPPING):
                while not self._ended:
                    await self.next()


class _Streamed:
    """A reply in pieces, from an asynchronous iterator."""

    def __init__(self, source: Stream) -> None:
        assert source.coroutine is not None
        self._pieces = source.coroutine(**source.arguments)

    async def next(self) -> Any:
        return await anext(self._pieces, END)

    async def close(self) -> None:
        await self._pieces.aclose()


class _Gathered:
    """Calls side by side, a task each; those that are still going on at the end are cancelled."""

    def __init__(self, source: Gather) -> None:
        self._left = len(source.calls)
        self._results: asyncio.Queue[Any] = asyncio.Queue()
        self._limit = asyncio.Semaphore(source.limit or max(1, self._left))
        self._tasks = [asyncio.ensure_future(self._run(i, each)) for i, each in enumerate(source.calls)]

    async def _run(self, position: int, each: Call) -> None:
        value, error = None, None
        try:
            async with self._limit:
                value = await call(each)
        except Exception as problem:
            error = problem
        self._results.put_nowait((position, value, error))

    async def next(self) -> Any:
        if not self._left:
            return END
        finished = await self._results.get()
        self._left -= 1
        return finished

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


_SOURCES: dict[type, Callable[[Any], Any]] = {Inbox: _Delivered, Stream: _Streamed, Gather: _Gathered}
