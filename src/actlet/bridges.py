"""Bridges between code that blocks and event loops, both ways, for single results and for items one by one.

This module owns what runs a blocking function for a coroutine (`in_worker`, `aiterate`), what runs a coroutine for
blocking code (`wait`, `iterate`), and what carries results from threads to a loop (`Post`). Leaving early, on
either side, ends the work on the other. Whatever the work raises, whoever waits for it gets an ordinary error
(`failure`): no tool or model ends a loop, a thread or the program. It knows nothing of tools or models. asyncio is
imported on first use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext, suppress
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary, ref

from .threads import Worker
from .turns import calls

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

CLOSING = 5.0
"""Seconds that leaving a stream waits for its producer to close."""

END = object()
"""The last of the items that `pump` puts."""


class Stopped(BaseException):
    """Raised inside a function that is being stopped; `Exception` handlers of users don't catch it."""


def failure(error: BaseException) -> Exception:
    """What whoever waits for work gets when the work raised `error`: the error itself, if it is an ordinary one.

    `SystemExit`, `KeyboardInterrupt`, a cancellation and `StopIteration` would do something to whoever gets them;
    for these it is a `RuntimeError` that says so.
    """
    from asyncio import CancelledError

    if isinstance(error, Exception) and not isinstance(error, (StopIteration, StopAsyncIteration)):
        return error
    told = RuntimeError(
        "it was cancelled from inside"
        if isinstance(error, CancelledError)
        else f"it raised {type(error).__name__}{_said(error)}"
    )
    told.__cause__ = error
    return told


def _said(error: BaseException) -> str:
    """What an error says of itself, after a colon; "" where it says nothing, or can't."""
    try:
        text = str(error)
    except Exception:
        return ""
    return f": {text}" if text else ""


# Blocking functions, for coroutines


async def in_worker(function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call a blocking function on a thread, in the caller's context variables. Raises as `failure` says.

    It may have to wait for its turn, but for nobody who takes long. Cancelling this stops the function, as soon as
    it executes Python code again.
    """
    import asyncio

    done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    job = _Job(post_of_running_loop(), [done], partial(function, *args, **kwargs))
    try:
        return await done
    finally:
        job.stop()
        del done  # it holds the error, whose traceback holds this frame


class _Job:
    """A function that is called on a thread when it is its turn, for a future that is in a list of one.

    The future is taken out of the list for the same reason: the thread's frames are kept with the traceback too.
    """

    __slots__ = ("_context", "_done", "_function", "_lock", "_over", "_post", "_worker")

    def __init__(self, post: Post, done: list[asyncio.Future[Any]], function: Callable[[], Any]) -> None:
        self._post, self._done, self._function = post, done, function
        self._context = copy_context()
        self._lock = Lock()
        self._worker: Worker | None = None
        self._over = False
        calls.enter(self)

    def begin(self) -> bool:
        """It is its turn: it gets a thread, unless it was stopped before."""
        with self._lock:
            if self._over:
                return False
            try:
                self._worker = Worker.take()
            except RuntimeError as error:  # the system has no more threads
                self._over = True
                self._post.send(_settle, (self._done.pop(), None, error))
                return False
            self._worker.submit(self._work, self._context)
            return True

    def _work(self) -> None:
        outcome = _outcome(self._function)
        with self._lock:
            if self._over:  # it is being stopped, and nobody waits for what came of it
                return
            self._over = True
        self._post.send(_settle, (self._done.pop(), *outcome))
        del outcome
        assert self._worker is not None
        self._worker.release()
        calls.leave(self)

    def stop(self) -> None:
        """Stop the function, if it is being called, and don't call it, if it isn't yet."""
        with self._lock:
            over, self._over = self._over, True
            if not over and self._worker is not None:
                self._worker.stop(Stopped, partial(calls.leave, self))


def _outcome(function: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return function(), None
    except BaseException as error:
        return None, failure(error)


def _settle(outcome: tuple[asyncio.Future[Any], Any, Exception | None]) -> None:
    done, value, error = outcome
    if done.done():
        return
    if error is None:
        done.set_result(value)
    else:
        done.set_exception(error)


async def aiterate(start: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
    """The items of an iterator, which runs on a thread of its own. Closing this closes it."""
    from asyncio import Queue

    letters: Queue[tuple[Any, Exception | None]] = Queue()
    put = partial(post_of_running_loop().send, letters.put_nowait)
    worker = Worker.take()
    worker.submit(lambda: put((END, _outcome(partial(_put_all, start, put))[1])))
    item: Any = None
    try:
        while (letter := await letters.get())[0] is not END:
            yield letter[0]
        item, error = letter
        if error is not None:
            raise error
    finally:
        if item is not END:
            worker.stop(Stopped)
        worker.release()


def _put_all(start: Callable[[], Iterator[T]], put: Callable[[tuple[T, None]], None]) -> None:
    for item in start():
        put((item, None))


# Coroutines, for blocking code


def wait(work: Awaitable[T], *, instead: str | None = None) -> T:
    """Await a coroutine (or alike) on the background loop, and wait for it. Leaving early (Ctrl-C) cancels it.

    Raises as `failure` says, and `RuntimeError` on the background loop itself, with what to await
    `instead`.
    """
    from . import portal

    portal.refuse_on_loop(work if isinstance(work, Coroutine) else None, instead=instead)
    future = portal.submit(_awaited(work))
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def _awaited(work: Awaitable[T]) -> T:
    """Await some work of others. Raises as `failure` says, but for the cancellation of the task that awaits it."""
    import asyncio

    try:
        return await work
    except GeneratorExit:
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        told = failure(error)
        if told is error:
            raise
        raise told from error


def iterate(source: AsyncIterator[T]) -> Iterator[T]:
    """The items of an asynchronous iterator, which runs on the background loop. Closing this closes it.

    Raises as `failure` says, and `RuntimeError` on the background loop itself.
    """
    from queue import Empty, SimpleQueue

    from . import portal

    portal.refuse_on_loop()
    letters: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()
    future = portal.submit(pump(source, letters.put))
    letter: tuple[Any, Exception | None] = None, None
    try:
        while (letter := letters.get())[0] is not END:
            yield letter[0]
        if letter[1] is not None:
            raise letter[1]
    finally:
        future.cancel()
        with suppress(Empty):
            while letter[0] is not END:
                letter = letters.get(timeout=CLOSING)


async def pump(source: AsyncIterator[T], put: Callable[[tuple[Any, Exception | None]], None]) -> None:
    """Put each item of `source` as `(item, None)` and, whatever happens, an end as `(END, error or None)`."""
    error = None
    try:
        async with closing(source):
            async for item in source:
                put((item, None))
    except BaseException as raised:
        error = failure(raised)
    finally:
        put((END, error))


def closing(source: Any) -> AbstractAsyncContextManager[Any]:
    """Closes an async generator; another async iterator has nothing to close."""
    return aclosing(source) if hasattr(source, "aclose") else nullcontext(source)


# From threads to a loop


class Post:
    """Carries what threads have for an event loop, waking it once for all that came meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = ref(loop)
        self._letters: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._on_its_way = False

    def send(self, receive: Callable[[Any], None], letter: Any) -> None:
        """Have `receive(letter)` called on the loop; from any thread. A loop that is closed gets nothing."""
        self._letters.append((receive, letter))
        loop = self._loop()
        if self._on_its_way or loop is None:
            return
        self._on_its_way = True
        with suppress(RuntimeError):  # it is closed
            loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._on_its_way = False
        while self._letters:
            receive, letter = self._letters.popleft()
            receive(letter)


_posts: WeakKeyDictionary[asyncio.AbstractEventLoop, Post] = WeakKeyDictionary()


def post_of_running_loop() -> Post:
    """The post of the running loop."""
    from asyncio import get_running_loop

    loop = get_running_loop()
    post = _posts.get(loop)
    if post is None:
        post = _posts[loop] = Post(loop)
    return post
