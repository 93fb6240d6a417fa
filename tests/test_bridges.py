"""Bridges between blocking code and event loops: errors arrive, leaving early ends the work, nobody waits for ever."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref
from contextlib import suppress

import pytest

from actlet import bridges, portal
from actlet import threads as threads_of_actlet
from actlet.turns import Turns


def raises(error):
    raise error


async def araises(error):
    raise error


class Mute(BaseException):
    def __str__(self):
        raise ValueError("no words")


ENDINGS = [
    SystemExit(1),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    StopIteration("x"),
    GeneratorExit(),
    Mute(),
]


@pytest.mark.parametrize("error", ENDINGS, ids=lambda error: type(error).__name__)
def test_what_would_end_more_than_the_work_arrives_as_an_ordinary_error(error):
    async def main():
        with pytest.raises(RuntimeError) as caught:
            await asyncio.wait_for(bridges.in_worker(raises, error), 5)
        return caught.value

    told = asyncio.run(main())
    assert told.__cause__ is error
    assert "cancelled from inside" in str(told) or type(error).__name__ in str(told)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr)
def test_a_coroutine_in_the_background_can_raise_anything_and_the_next_one_runs(error):
    with pytest.raises(RuntimeError):
        bridges.wait(araises(error))
    assert bridges.wait(asyncio.sleep(0, "next")) == "next"


def test_a_task_of_a_user_that_exits_leaves_the_background_loop_running():
    async def starts_one():
        task = asyncio.ensure_future(araises(SystemExit(2)))
        await asyncio.sleep(0.01)
        return task.done()

    assert bridges.wait(starts_one())


def test_ordinary_errors_arrive_as_they_are():
    error = ValueError("as it is")
    with pytest.raises(ValueError, match="as it is") as caught:
        asyncio.run(bridges.in_worker(raises, error))
    assert caught.value is error
    with pytest.raises(ValueError, match="as it is") as caught:
        bridges.wait(araises(error))
    assert caught.value is error


def test_arguments_of_any_name_reach_the_function():
    assert asyncio.run(bridges.in_worker(dict, function=1, args=2, worker=3)) == {
        "function": 1,
        "args": 2,
        "worker": 3,
    }


def test_cancelling_stops_the_function():
    begun, ended = threading.Event(), threading.Event()

    def endless():
        begun.set()
        try:
            while True:
                time.sleep(0.001)
        finally:
            ended.set()

    async def main():
        task = asyncio.ensure_future(bridges.in_worker(endless))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended.wait(5)


def test_a_loop_that_is_over_is_kept_by_nobody():
    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(bridges.in_worker(lambda: 1)) == 1
    gone = weakref.ref(loop)
    loop.close()
    del loop
    gc.collect()
    assert gone() is None


def test_an_error_that_arrived_keeps_nothing_alive():
    class Argument:
        pass

    async def main():
        argument = Argument()
        gone.append(weakref.ref(argument))
        with suppress(ValueError):
            await bridges.in_worker(lambda _: int("x"), argument)

    gone = []
    gc.collect()
    gc.disable()
    try:
        asyncio.run(main())
        deadline = time.monotonic() + 5
        while gone[0]() is not None and time.monotonic() < deadline:
            time.sleep(0.001)  # the thread is about to end its job
        assert gone[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("error", [*ENDINGS[:3], ValueError("y")], ids=lambda error: type(error).__name__)
def test_streams_end_whatever_is_raised_in_them(error):
    async def asynchronous():
        yield 1
        raise error

    def blocking():
        yield 1
        raise error

    def collect():
        for item in bridges.iterate(asynchronous()):
            got.append(item)

    async def acollect():
        async with asyncio.timeout(5):
            async for item in bridges.aiterate(blocking):
                got.append(item)

    got = []
    with pytest.raises((RuntimeError, ValueError)):
        collect()
    with pytest.raises((RuntimeError, ValueError)):
        asyncio.run(acollect())
    assert got == [1, 1]


def test_an_async_iterator_that_cannot_be_closed_can_be_iterated_and_left():
    class Counting:
        def __init__(self):
            self.at = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            self.at += 1
            if self.at > 3:
                raise StopAsyncIteration
            return self.at

    assert list(bridges.iterate(Counting())) == [1, 2, 3]
    left = bridges.iterate(Counting())
    assert next(left) == 1
    left.close()


def test_leaving_a_stream_closes_its_producer_on_either_side():
    closed, blocking_closed = threading.Event(), threading.Event()

    async def asynchronous():
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    def blocking():
        try:
            while True:
                yield 1
                time.sleep(0.001)
        finally:
            blocking_closed.set()

    async def leave():
        items = bridges.aiterate(blocking)
        assert await anext(items) == 1
        await items.aclose()

    items = bridges.iterate(asynchronous())
    assert next(items) == 1
    items.close()
    assert closed.is_set()
    asyncio.run(leave())
    assert blocking_closed.wait(5)


def test_waiting_on_the_background_loop_itself_is_refused_with_the_remedy():
    async def blocks():
        return bridges.wait(asyncio.sleep(0))

    async def iterates():
        async def items():
            yield 1

        return list(bridges.iterate(items()))

    for work in (blocks, iterates):
        with pytest.raises(RuntimeError, match="await its async way"):
            bridges.wait(work())


def _in_child(answers):
    answers.put(bridges.wait(asyncio.sleep(0, "child")))


@pytest.mark.skipif(sys.platform == "win32" or not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_has_a_background_loop_of_its_own():
    assert bridges.wait(asyncio.sleep(0, "parent")) == "parent"
    assert portal.loop().is_running()
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(answers,))
    child.start()
    child.join(10)
    if child.is_alive():
        child.kill()
    assert child.exitcode == 0
    assert answers.get() == "child"


def test_one_that_is_cancelled_before_its_turn_is_not_called(monkeypatch):
    monkeypatch.setattr(bridges, "calls", Turns(places=8, patience=60))
    called, going_on = [], threading.Event()

    async def main():
        others = [asyncio.ensure_future(bridges.in_worker(going_on.wait, 5)) for _ in range(8)]
        await asyncio.sleep(0)
        task = asyncio.ensure_future(bridges.in_worker(called.append, 1))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        going_on.set()
        await asyncio.gather(*others)
        await bridges.in_worker(called.append, 2)

    asyncio.run(main())
    assert called == [2]


def test_many_that_block_go_on_at_once():
    all_here = threading.Barrier(100)

    async def main():
        await asyncio.gather(*(bridges.in_worker(all_here.wait, 30) for _ in range(100)))

    asyncio.run(main())


def test_short_calls_share_few_threads(monkeypatch):
    monkeypatch.setattr(bridges, "calls", Turns(places=8, patience=60))
    going_on = []

    def call():
        going_on.append(1)
        time.sleep(0.001)
        return len(going_on), going_on.pop()

    async def main():
        return await asyncio.gather(*(bridges.in_worker(call) for _ in range(300)))

    assert max(most for most, _ in asyncio.run(main())) <= 8


def test_where_no_thread_can_be_had_the_caller_is_told(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    async def main():
        with pytest.raises(RuntimeError, match="can't start new thread"):
            await bridges.in_worker(int)

    with monkeypatch.context() as patched:
        patched.setattr(threads_of_actlet, "_idle", [])
        patched.setattr(threading.Thread, "start", refuse)
        asyncio.run(main())
    assert asyncio.run(bridges.in_worker(int)) == 0
