"""Jobs that must end, end, whatever they catch; and parked threads are used again."""

import contextlib
import contextvars
import os
import subprocess
import sys
import threading
import time

import pytest
from garbage import collected_at_every_turn, ends

from actlet import threads
from actlet.threads import Alarm, Worker


class StopError(BaseException):
    pass


def test_a_finalizer_may_set_alarms_while_the_watchdog_looks():
    watchdog, rung = threads._Watchdog(), []
    watchdog._begun.acquire()  # it looks here, and on no thread of its own

    def look():
        for _ in range(20):
            watchdog.add(alarm, 0.0)
            with collected_at_every_turn(lambda: watchdog.add(alarm, 0.0)):
                rung.extend(watchdog._look()[0])

    alarm = Alarm(60, lambda: None)
    alarm.cancel()
    assert ends(look)
    assert alarm in rung


def test_an_alarm_that_is_set_while_the_watchdog_looks_wakes_it():
    watchdog, alarm = threads._Watchdog(), Alarm(60, lambda: None)
    alarm.cancel()
    watchdog._begun.acquire()

    class Looked(dict):
        def copy(self):
            seen = dict(self)
            watchdog.add(alarm, time.monotonic() + 60)
            return seen

    watchdog._deadlines = Looked()
    watchdog._looks_at = 0.0  # the look that it planned is the one that begins now
    watchdog._look()
    assert not watchdog._woken.empty()


def endless():
    while True:
        pass


def catches_everything():
    while True:
        try:
            while True:
                sum(range(3))
        except BaseException:
            pass


def goes_on_in_finally():
    while True:
        try:
            while True:
                sum(range(3))
        finally:
            continue  # noqa: B012 - that is the point


def suppresses_everything():
    while True:
        with contextlib.suppress(BaseException):
            while True:
                sum(range(3))


def catches_at_every_level():
    def deeper(n):
        while True:
            try:
                deeper(n - 1) if n else sum(range(3))
            except BaseException:
                deeper(n)

    deeper(4)


def keeps_the_errors():
    kept = []
    while True:
        try:
            while True:
                sum(range(100))
        except BaseException as error:
            kept.append(error)


def a_context_manager_of_its_own():
    class Swallow:
        def __enter__(self):
            return self

        def __exit__(self, *args):
            return True

    while True:
        with Swallow():
            while True:
                sum(range(3))


STUBBORN = [
    endless,
    catches_everything,
    goes_on_in_finally,
    suppresses_everything,
    catches_at_every_level,
    keeps_the_errors,
    a_context_manager_of_its_own,
]


@pytest.mark.parametrize("job", STUBBORN)
def test_any_loop_in_python_is_ended_and_its_thread_with_it(job):
    worker, ended = Worker.take(), threading.Event()
    worker.submit(job)
    time.sleep(0.02)
    assert worker.stop(StopError, ended.set, within=lambda code: True)
    assert ended.wait(3)
    assert worker.join(1)
    assert not worker.usable
    with pytest.raises(RuntimeError, match="take another"):
        worker.submit(endless)


def test_a_job_may_clean_up_before_it_is_forced():
    cleaned = []

    def tidy():
        try:
            endless()
        finally:
            cleaned.append(True)

    worker, ended = Worker.take(), threading.Event()
    worker.submit(tidy)
    time.sleep(0.02)
    worker.stop(StopError, ended.set)
    assert ended.wait(3)
    assert cleaned == [True]


def test_a_job_in_a_c_function_ends_when_that_returns():
    worker, ended, reached = Worker.take(), threading.Event(), []

    def job():
        time.sleep(0.3)
        reached.append(True)
        endless()

    worker.submit(job)
    time.sleep(0.02)
    worker.stop(StopError, ended.set)
    assert not ended.wait(0.1)
    assert ended.wait(3)
    assert reached == []


def test_there_is_nothing_to_stop_in_an_idle_worker():
    worker = Worker.take()
    assert not worker.stop(StopError)
    assert worker.usable
    worker.release()


def test_a_released_worker_is_used_again():
    first = Worker.take()
    first.release()
    assert Worker.take() is first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_has_threads_of_its_own():
    worker, rung = Worker.take(), threading.Event()
    Alarm(1000, print)
    child = os.fork()
    if child == 0:
        done = threading.Event()
        Alarm(0.01, done.set)
        other = Worker.take()
        other.submit(rung.set)
        os._exit(0 if done.wait(3) and rung.wait(3) and not worker.usable else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    worker.release()


def test_jobs_run_in_order_on_one_thread_in_the_submitters_context():
    who = contextvars.ContextVar("who")
    worker, seen, done = Worker.take(), [], threading.Event()
    for name in "abc":
        who.set(name)
        worker.submit(lambda: seen.append((who.get(), threading.get_ident())))
    worker.submit(done.set)
    assert done.wait(3)
    assert [name for name, _ in seen] == ["a", "b", "c"]
    assert len({thread for _, thread in seen}) == 1
    worker.release()


def test_an_error_of_a_job_is_reported_and_the_worker_works_on(monkeypatch):
    reported, done = [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_value))
    worker = Worker.take()
    worker.submit(lambda: 1 / 0)
    worker.submit(done.set)
    assert done.wait(3)
    assert isinstance(reported[0], ZeroDivisionError)
    worker.release()


def test_alarms_ring_in_the_order_of_their_times():
    rung, done = [], threading.Event()
    Alarm(0.06, lambda: (rung.append("late"), done.set()))
    Alarm(0.02, lambda: rung.append("early"))
    cancelled = Alarm(0.03, lambda: rung.append("cancelled"))
    cancelled.cancel()
    cancelled.cancel()
    assert done.wait(3)
    assert rung == ["early", "late"]


def test_cancelled_alarms_are_not_kept():
    from actlet import threads

    for _ in range(5_000):
        Alarm(1000, print).cancel()
    assert len(threads._watchdog._deadlines) < 500


def test_an_alarm_that_fails_does_not_stop_the_others(monkeypatch):
    reported, done = [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_value))
    Alarm(0.01, lambda: 1 / 0)
    Alarm(0.02, done.set)
    assert done.wait(3)
    assert len(reported) == 1


def test_looking_at_a_thread_collects_no_garbage():
    """A child that may hang: CPython up to 3.11 stands still when it collects a `threading.local` meanwhile."""
    code = """
import gc, threading
from actlet.threads import frame_of

for number in range(200):  # garbage is collected at one allocation or another
    gc.set_threshold(number % 20 + 1)
    gc.collect()
    gc.disable()
    circle = [threading.local()]
    circle[0].held = 1
    circle.append(circle)
    del circle
    gc.enable()
    assert frame_of(threading.get_ident()) is not None
assert gc.isenabled()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


def test_a_job_that_is_stopped_before_it_begins_is_left_out_and_the_one_before_goes_on():
    worker, released, goes_on, done = Worker.take(), threading.Event(), threading.Event(), []

    def first():
        worker.release()  # and goes on for a while
        released.set()
        goes_on.wait(5)
        for _ in range(1000):
            pass
        done.append("first")

    ended = threading.Event()
    worker.submit(first)
    assert released.wait(5)
    assert Worker.take() is worker
    worker.submit(lambda: done.append("second"))
    assert worker.stop(StopError, ended.set)
    goes_on.set()
    assert ended.wait(5)
    assert worker.join(5)
    assert done == ["first"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_in_the_middle_of_a_look_can_look():
    """A child that may hang."""
    code = """
import gc, os, threading
from actlet import threads

threads._looking.acquire()
threads._collects = True
gc.disable()
child = os.fork()
if not child:
    os._exit(0 if threads.frame_of(threading.get_ident()) and gc.isenabled() else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
