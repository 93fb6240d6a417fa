"""Bridges between models that are called and models that are awaited, for whole replies and for streams.

Rule: leaving early, on either side, ends the work on the other. asyncio is imported on first use.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

from ..threads import Worker

T = TypeVar("T")

_END = object()
CLOSING = 5.0
"""Seconds that leaving a stream waits for its producer to close."""


class Abandoned(BaseException):
    """Raised in a model's thread when whoever waited for it has left."""


def wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the background and wait for it."""
    from .. import portal

    return portal.call(coroutine)


def iterate(source: AsyncIterator[T]) -> Iterator[T]:
    """The items of an asynchronous iterator, which runs in the background. Closing this closes it."""
    from queue import Empty, SimpleQueue

    from .. import portal

    items: SimpleQueue[Any] = SimpleQueue()
    future = portal.submit(_pump(source, items.put))
    item: Any = None
    try:
        while (item := items.get()) is not _END:
            yield item
        future.result()
    finally:
        future.cancel()
        try:
            while item is not _END:
                item = items.get(timeout=CLOSING)
        except Empty:
            pass


async def _pump(source: AsyncIterator[T], put: Callable[[Any], None]) -> None:
    try:
        async with closing(source):
            async for item in source:
                put(item)
    finally:
        put(_END)


async def in_thread(job: Callable[[], T]) -> T:
    """Run a function on a thread of its own and await it; cancelling ends it at its next line of Python."""
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if not done.done():
            done.set_result(value) if error is None else done.set_exception(error)

    def run() -> None:
        try:
            value, error = job(), None
        except Abandoned:
            raise
        except BaseException as failure:
            value, error = None, failure
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, error)

    worker = Worker.take()
    worker.submit(run)
    try:
        return await done
    finally:
        if done.cancelled():
            worker.stop(Abandoned)
        worker.release()


async def aiterate(start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """The items of an iterator, which runs on a thread of its own. Closing this closes it."""
    import asyncio

    loop = asyncio.get_running_loop()
    items: asyncio.Queue[Any] = asyncio.Queue()

    def run() -> None:
        for item in start():
            loop.call_soon_threadsafe(items.put_nowait, item)

    running = asyncio.ensure_future(in_thread(run))
    running.add_done_callback(lambda _: items.put_nowait(_END))
    try:
        while (item := await items.get()) is not _END:
            yield item
        await running
    finally:
        running.cancel()


def closing(source: Any) -> Any:
    """Closes an async generator; another async iterator has nothing to close."""
    import contextlib

    return aclosing(source) if hasattr(source, "aclose") else contextlib.nullcontext()
