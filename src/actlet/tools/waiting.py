"""Waiting in a coroutine for work that blocks.

Cancelling the waiting stops the work, as soon as it executes Python code again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..threads import Worker

T = TypeVar("T")


class Stopped(BaseException):
    """Raised inside work whose waiter was cancelled."""


async def in_worker(job: Callable[[], T]) -> T:
    """Run `job` on a thread of its own, in the caller's context variables, and return or raise what it does."""
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[T | None, BaseException | None]] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if not done.done():
            done.set_result((value, error))

    def work() -> None:
        try:
            value, error = job(), None
        except BaseException as raised:
            value, error = None, raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, error)

    worker = Worker.take()
    worker.submit(work)
    try:
        value, error = await done
    except BaseException:
        worker.stop(Stopped)
        raise
    worker.release()
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
