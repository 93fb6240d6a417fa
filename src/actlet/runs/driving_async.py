"""The driver for event loops: performs the waits of a run as awaits of the task that iterates over it.

Coroutines are awaited in place; what blocks runs on a worker. Cancelling the task cancels the coroutine that is
awaited, and stops the workers, snippets and streams that are open. `wake()` interrupts from any thread: it cancels
the wait, not the task, which goes on with `AgentInterruptedError`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

from ..bridges import failure, in_worker, post_of_running_loop
from ..errors import AgentInterruptedError
from ..execution.box import CodeOutput
from .driving import STOPPING, Shown, interrupted, too_late
from .waits import END, Call, Close, Gather, Next, Open, Sleep, Snippet, Stream, Wait
from .wrapping import leave


class AsyncDriver:
    """Performs the waits of one run, in one task at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[Any] | None = None
        self._woken = False
        self._cancelled = False
        self._opened: list[Any] = []
        self.result: Any = None

    async def drive(self, work: Generator[Any, Any, Any], shown: Shown) -> AsyncGenerator[Any, None]:
        """Perform the waits of `work`, yielding those of its events that are `shown`; `result` is then what `work`
        returned."""
        try:
            while (event := await self.go_on(work, shown)) is not END:
                yield event
        finally:
            await self.leave(work)

    async def go_on(self, work: Generator[Any, Any, Any], shown: Shown) -> Any:
        """Perform waits up to the next event that is `shown`, which is returned; `END` when `work` has ended.

        Whatever happens, `leave` the work afterwards.
        """
        task = asyncio.current_task()
        assert task is not None
        result: Any = None
        problem: BaseException | None = None
        while True:
            try:
                item = work.send(result) if problem is None else work.throw(problem)
            except StopIteration as end:
                self.result = end.value
                return END
            result = problem = None
            if not isinstance(item, Wait):
                if shown(item):
                    return item
                continue
            try:
                self._leave_if_woken(item)
                if isinstance(item, Open):
                    result = self._open(item.source)
                else:
                    self._task = task
                    result = await _WAYS[type(item)](self, item)
            except asyncio.CancelledError as error:
                problem = self._reason(error, task)
            except Exception as error:
                problem = error
            finally:
                if self._cancelled:  # and what was awaited went on regardless: the next wait is left
                    self._take_back(task)
                self._task = None

    async def leave(self, work: Generator[Any, Any, Any]) -> None:
        """Close what is open, and abandon `work`, unless it has ended."""
        try:
            if self._opened:  # first, so that the work can tell what had come of what was stopped
                await _whatever_happens(self._close_all())
        finally:
            leave(work)

    def wake(self, quietly: bool = False) -> None:
        """Interrupt what is being awaited; if nothing is, or `quietly`, the next wait. From any thread."""
        self._woken = True
        if not quietly:
            with suppress(RuntimeError):  # the loop is closed: the run is over
                self._loop.call_soon_threadsafe(self._cancel_wait)

    def wake_at_last(self) -> None:
        """`wake`, if a quiet one hasn't been met yet."""
        if self._woken:
            self.wake()

    def _cancel_wait(self) -> None:
        if self._woken and self._task is not None and not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    def _leave_if_woken(self, wait: Wait) -> None:
        if self._woken and not isinstance(wait, Close):
            raise self._left()

    def _reason(self, error: asyncio.CancelledError, task: asyncio.Task[Any]) -> Exception:
        """Why an await was cancelled, as the run is told; raises the error if it is the task that was cancelled."""
        if self._cancelled and self._take_back(task) == 0:
            return self._left()
        if task.cancelling():
            raise error
        return failure(error)  # raised by what was awaited: nobody cancelled this task

    def _take_back(self, task: asyncio.Task[Any]) -> int:
        self._cancelled = False
        return task.uncancel()

    def _open(self, source: Any) -> Any:
        opened = _SOURCES[type(source)](source)
        self._opened.append(opened)
        return opened

    def _close(self, wait: Close) -> Awaitable[Any]:
        self._opened.remove(wait.opened)
        return wait.opened.close()  # type: ignore[no-any-return]

    def _left(self) -> AgentInterruptedError:
        self._woken = False
        return interrupted()

    async def _close_all(self) -> None:
        while self._opened:
            await self._opened.pop().close()


_WAYS: dict[type, Callable[[AsyncDriver, Any], Awaitable[Any]]] = {
    Next: lambda _, wait: wait.opened.next(),
    Call: lambda _, wait: call(wait),
    Close: AsyncDriver._close,
    Sleep: lambda _, wait: asyncio.sleep(wait.seconds),
}
"""What each kind of wait comes down to, to be awaited."""


async def _whatever_happens(work: Any) -> None:
    """Await `work` to its end, however often the task is cancelled meanwhile."""
    ending = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not ending.done():
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError as error:
            cancelled = error
    ending.result()
    if cancelled is not None:
        raise cancelled


def call(call: Call) -> Awaitable[Any]:
    """Call a function: a coroutine here, what blocks on a worker."""
    if call.coroutine is not None:
        work = call.coroutine(**call.arguments)
    else:
        assert call.function is not None
        work = in_worker(partial(call.function, **call.arguments))
    return work if call.timeout is None else _in_time(work, call)


async def _in_time(work: Awaitable[Any], call: Call) -> Any:
    """Await `work` for as long as it may take, and cancel it then, or when this is cancelled.

    It gets a task, which is left to itself if it takes its time over being cancelled: a value that comes late is
    none, and so is an error.
    """
    assert call.timeout is not None
    loop = asyncio.get_running_loop()
    deadline = loop.time() + call.timeout
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=call.timeout)
        if not task.done():
            raise too_late(call)
        return task.result()
    except asyncio.CancelledError:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=deadline - loop.time())
        raise
    finally:
        _leave_alone(task)
        del task  # it holds the error, whose traceback holds this frame


_left_alone: set[asyncio.Future[Any]] = set()
"""Tasks that nobody waits for any more: a loop keeps none."""


def _leave_alone(task: asyncio.Future[Any]) -> None:
    """Be done with a task, which is cancelled if it goes on. Nobody is told what comes of it."""
    if task.done():
        _forget(task)
    else:
        task.cancel()
        _left_alone.add(task)
        task.add_done_callback(_forget)


def _forget(task: asyncio.Future[Any]) -> None:
    _left_alone.discard(task)
    if not task.cancelled():
        task.exception()  # or the loop would say that it was never retrieved


class _Delivered:
    """What a box delivers of a snippet, from any thread. Whoever closes it early waits until the snippet has
    ended."""

    def __init__(self, source: Snippet) -> None:
        self._box = source.box
        self._post = post_of_running_loop()
        self._items: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.last: Any = None
        self._box.submit(source.code, self._deliver)

    def _deliver(self, item: Any) -> None:
        self._post.send(self._put, item)

    def _put(self, item: Any) -> None:
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> Any:
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        self.last = self._items.popleft()
        return self.last

    async def close(self) -> Any:
        if not isinstance(self.last, CodeOutput):
            self._box.interrupt()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOPPING):
                    while not isinstance(self.last, CodeOutput):
                        await self.next()
        return self.last


class _Streamed:
    """A reply in pieces, from an asynchronous iterator."""

    def __init__(self, source: Stream) -> None:
        assert source.coroutine is not None
        self._pieces = aiter(source.coroutine(**source.arguments))

    async def next(self) -> Any:
        return await anext(self._pieces, END)

    async def close(self) -> None:
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()


class _Gathered:
    """Calls side by side, a task each; those that are still going on at the end are cancelled."""

    def __init__(self, source: Gather) -> None:
        self._left = len(source.calls)
        self._closing = False
        self.last: list[Any] = []
        self._results: asyncio.Queue[Any] = asyncio.Queue()
        self._limit = asyncio.Semaphore(source.limit or max(1, self._left))
        self._lines: dict[str | None, asyncio.Lock] = {
            each.line: asyncio.Lock() for each in source.calls if each.line is not None
        }
        self._tasks = [asyncio.ensure_future(self._run(i, each)) for i, each in enumerate(source.calls)]

    async def _run(self, position: int, each: Call) -> None:
        value, problem = None, None
        try:
            async with self._lines.get(each.line) or nullcontext(), self._limit:
                value = await call(each)
        except (Exception, asyncio.CancelledError) as error:
            if self._closing:
                return
            problem = failure(error)
        self._results.put_nowait((position, value, problem))

    async def next(self) -> Any:
        if not self._left:
            return END
        finished = await self._results.get()
        self._left -= 1
        return finished

    async def close(self) -> list[Any]:
        """Cancel what is going on; returns what had ended and was not asked for yet."""
        for _ in range(3):
            await asyncio.sleep(0)  # what threads have delivered gets to its task, and the task to its end
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.last = [self._results.get_nowait() for _ in range(self._results.qsize())]
        return self.last


_SOURCES: dict[type, Callable[[Any], Any]] = {Snippet: _Delivered, Stream: _Streamed, Gather: _Gathered}
