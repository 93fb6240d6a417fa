"""Parked threads that are used again, and deadlines.

This module owns every thread that runs code which may block or never end: `Worker`, and one watchdog thread for
the whole process: `Alarm`. It knows nothing of agents, snippets or tools.

How a job is stopped. CPython can raise an exception in another thread, which code can catch. So `Worker.stop`
does it once politely, and then, for code that may be forced (that of snippets), with an exception class that,
when it is made in that thread, installs a trace function that raises at every line and at every call of such code
from there on. Each of these errors is raised outside the `try` that caught the one before, so they only move
outwards, whatever the code catches. Other code on the way (a library, an import, a tool) is never forced: it may
hold locks that the whole process needs, and its `with` and `finally` have to run. A trace function in Python is
removed when it raises; the C function `PyObject_RichCompareBool` happens to have the signature of a trace
function, stays installed, and asks our object.

What it doesn't do: a thread inside a C function that doesn't return (a huge `10 ** 10 ** 8`, a sleep) can't be
ended from outside. It ends at the first line of Python after that. CPython only.
"""

from __future__ import annotations

import contextvars
import gc
import itertools
import math
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from types import CodeType, FrameType
from typing import Any

TICK = 0.05
"""Seconds between two looks of the watchdog, while there are alarms."""

KEPT_IDLE = 256
"""How many idle workers stay parked; any more end when they are released."""

POLITE = 0.05
"""Seconds that a stopped job has to clean up before it is forced."""

SLOWEST_PRESS = 1.0
"""Seconds between two tries at most, where a job sits in a C function."""


class Alarm:
    """Calls `callback` on the watchdog's thread after `seconds`, unless it is cancelled first.

    A callback must be short; it may set other alarms. What it raises is reported as an error of the thread.
    """

    __slots__ = ("_callback",)

    def __init__(self, seconds: float, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback
        _watchdog.add(self, time.monotonic() + seconds)

    def cancel(self) -> None:
        """Don't call. Cancelling twice, or after the call, does nothing."""
        self._callback = None
        _watchdog.forget(self)

    def ring(self) -> None:
        """Call now; the watchdog does this when the time has come."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class _Watchdog:
    """One thread that looks for alarms whose time has come.

    While there are alarms, or were a `TICK` ago, it looks at all of them every `TICK`, so that setting one that is
    further off wakes nobody, and setting and cancelling one costs a place in a dict.

    Nobody waits for a lock in here: a finalizer that prints sets an alarm, and it may run wherever Python makes an
    object, on this very thread, too.
    """

    def __init__(self) -> None:
        self._deadlines: dict[Alarm, float] = {}
        self._looks_at = math.inf
        self._had_any = False
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._begun = threading.Lock()

    def add(self, alarm: Alarm, deadline: float) -> None:
        self._deadlines[alarm] = deadline
        self._had_any = True
        if not self._begun.locked() and self._begun.acquire(blocking=False):
            self._begin()
        if deadline < self._looks_at:  # the present look, or the next one, comes too late or doesn't see it
            self._woken.put(None)

    def forget(self, alarm: Alarm) -> None:
        self._deadlines.pop(alarm, None)

    def _begin(self) -> None:
        try:
            threading.Thread(target=self._watch, name="actlet-watchdog", daemon=True).start()
        except RuntimeError:  # the system has no more threads: perhaps when the next alarm is set
            self._begun.release()
            raise

    def _watch(self) -> None:
        while True:
            due, pause = self._look()
            for alarm in due:
                try:
                    alarm.ring()
                except Exception as error:
                    report(error)
            if not due:
                self._sleep(pause)

    def _sleep(self, pause: float | None) -> None:
        with suppress(queue.Empty):
            self._woken.get(timeout=pause)
            while True:
                self._woken.get_nowait()

    def _look(self) -> tuple[list[Alarm], float | None]:
        """The alarms whose time has come, the earliest first, and the seconds until the next look (None: none)."""
        self._looks_at, had_any, self._had_any = math.inf, self._had_any, False  # whoever sets one now wakes this
        now, deadlines = time.monotonic(), self._deadlines.copy()
        due = sorted([alarm for alarm, at in deadlines.items() if at <= now], key=deadlines.__getitem__)
        for alarm in due:
            self.forget(alarm)
            del deadlines[alarm]
        pause = min(TICK, min(deadlines.values()) - now) if deadlines else TICK if had_any else None
        self._had_any = self._had_any or bool(deadlines)
        self._looks_at = math.inf if pause is None else now + pause
        return due, pause


class Worker:
    """A daemon thread that runs jobs one after another, waiting in between.

    `Worker.take()` gets one, `submit` runs a job, `release` gives it back. A worker whose job was stopped ends with
    that job: `usable` is false from then on, and `release` does nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._submitted = self._started = 0
        self._unfinished = 0
        self._over = False
        self._process = _process
        self._error: type[BaseException] | None = None
        self._then: Callable[[], object] | None = None
        self._within: Callable[[CodeType], bool] | None = None
        self._thread = threading.Thread(target=self._live, name=f"actlet-worker-{next(_names)}", daemon=True)
        self._thread.start()

    @staticmethod
    def take() -> Worker:
        """An idle worker, the one that was used last, or else a new one."""
        try:
            return _idle.pop()
        except IndexError:
            return Worker()

    @property
    def usable(self) -> bool:
        """Whether it takes further jobs: false once a job of it was stopped, and in a child of its process."""
        return self._error is None and not self._over and self._process == _process

    def submit(self, job: Callable[[], object], context: contextvars.Context | None = None) -> None:
        """Run `job` on the worker's thread, in `context` or else in a copy of the caller's, after the job that may
        be running.

        Raises `RuntimeError` if the worker was stopped.
        """
        with self._lock:
            if not self.usable:
                raise RuntimeError("this worker was stopped: take another one with Worker.take()")
            self._submitted += 1
            self._unfinished += 1
        self._jobs.put(partial((contextvars.copy_context() if context is None else context).run, job))

    def release(self) -> None:
        """Give the worker back. Its owner gives it no further jobs; the last one may be about to end."""
        if not self.usable:
            return
        if len(_idle) < KEPT_IDLE:
            _idle.append(self)
        else:
            self._over = True
            self._jobs.put(None)

    def stop(
        self,
        error: type[BaseException],
        then: Callable[[], object] | None = None,
        *,
        within: Callable[[CodeType], bool] | None = None,
        polite: float = POLITE,
    ) -> bool:
        """Raise `error` in the last job, as soon as it executes Python code, and end the thread with the job.

        `within` says which code may be forced: a job that has not ended after `polite` seconds has the error raised
        at every line of such code, whatever it catches. Other code is never forced, and so gets to leave its locks
        and imports behind in order. A job that hasn't begun, because the one before is about to end, is left
        out. `then` is called once the job has ended, on its thread. Returns False, and does nothing, if there
        is no job.
        """
        with self._lock:
            if not self._unfinished or self._error is not None:
                return False
            self._error, self._then, self._within = error, then, within
        self._press(error, polite)
        return True

    def join(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the thread of a stopped worker to end; whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _press(self, error: type[BaseException], pause: float) -> None:
        """Raise `error` in the job, and by force after `pause` seconds if it may be forced and hasn't ended.

        Not while it takes a lock or imports: the lock would stay taken. Then it is tried again a little later.
        """
        with self._lock:
            if not self._unfinished or self._started < self._submitted:
                return
            delicate = _is_delicate(self._thread)
            if not delicate:
                _raise_in(self._thread, error)
        within, later = self._within, min(max(pause * 1.5, POLITE), SLOWEST_PRESS)
        if delicate:
            Alarm(min(pause, POLITE), lambda: self._press(error, later))
        elif within is not None:
            Alarm(pause, lambda: self._press(_forced(error, within), later))

    def _live(self) -> None:
        while not self._over:
            try:
                self._cycle()
            except BaseException as error:
                if self._error is not None:
                    break
                report(error)
        try:
            self._part()
        except BaseException:
            self._part()

    def _cycle(self) -> None:
        """One job, from waiting for it to its end. An error that stops a job may come up in any of these lines."""
        job = self._jobs.get()
        with self._lock:
            self._started += 1
            left_out = self._error is not None
        try:
            if job is not None and not left_out:
                job()
        finally:
            with self._lock:
                self._unfinished -= 1
                self._over = self._over or self._error is not None

    def _part(self) -> None:
        """The end of a worker. An error that stops its last job may come up here once more."""
        with self._lock:
            self._unfinished = 0
        if self._error is not None:
            _disarm()
            _raise_in(self._thread, None)
        then, self._then = self._then, None
        if then is not None:
            then()


def on_a_worker(job: Callable[[], object]) -> None:
    """Do `job` on a thread that nobody else is given before it has ended."""
    worker = Worker.take()

    def work() -> None:
        try:
            job()
        finally:
            worker.release()

    worker.submit(work)


class _Force:
    """Raises at each line and call of a thread, once it is installed as its trace function.

    CPython calls it as `compare(self, frame, event)`, where the event's number is read as an operator: 0 is `<` and
    a call, 1 is `<=` and an exception, 2 is `==` and a line, 3 is `!=` and a return. It doesn't hold this object
    meanwhile, even if another one is installed: there is one for all threads, and it is never freed.
    """

    def __init__(self) -> None:
        self.threads: dict[int, tuple[type[BaseException], Callable[[CodeType], bool]]] = {}

    def _check(self, frame: FrameType) -> bool:
        if frame.f_code in _own_code:
            _disarm()
            return False
        forced = self.threads.get(threading.get_ident())
        if forced is not None and forced[1](frame.f_code):
            raise forced[0]
        return False

    def _let(self, _frame: FrameType) -> bool:
        return False

    __lt__ = __eq__ = _check  # type: ignore[assignment]
    __le__ = __ne__ = _let  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


_force = _Force()


def _forced(error: type[BaseException], within: Callable[[CodeType], bool]) -> type[BaseException]:
    """A kind of `error` that can be caught only in vain: making one turns the thread's tracing on."""

    def arm(_self: BaseException, *_args: object) -> None:
        _force.threads[threading.get_ident()] = error, within
        set_trace, compare = _tracing()
        set_trace(compare, _force)

    return type(error.__name__, (error,), {"__init__": arm})


def _disarm() -> None:
    set_trace, _ = _tracing()
    set_trace(None, None)
    _force.threads.pop(threading.get_ident(), None)


@cache
def _tracing() -> tuple[Any, Any]:
    """CPython's `PyEval_SetTrace`, and the function of C that is installed with it.

    A function object of our own: others may set the types of arguments of `ctypes.pythonapi`'s.
    """
    import ctypes

    prototype = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.py_object)
    set_trace = prototype(("PyEval_SetTrace", ctypes.pythonapi))
    return set_trace, ctypes.cast(ctypes.pythonapi.PyObject_RichCompareBool, ctypes.c_void_p)


_DELICATE = {"threading", "functools", "logging", "importlib._bootstrap", "importlib._bootstrap_external"}
"""Modules whose Python code takes locks that others need."""


def frame_of(thread: int) -> FrameType | None:
    """The innermost frame of a thread, by its identity; None if there is no such thread.

    CPython up to 3.11 may collect garbage while it holds a lock here that some garbage (a `threading.local`) needs
    to be freed (github.com/python/cpython/issues/106883): nothing would go on in the whole process.
    """
    global _collects
    with _looking:
        _collects = gc.isenabled()
        try:
            gc.disable()
            return sys._current_frames().get(thread)
        finally:
            if _collects:
                gc.enable()


_looking = threading.Lock()
_collects = False
"""Whether garbage was being collected before the last look."""


def _is_delicate(thread: threading.Thread) -> bool:
    frame = frame_of(thread.ident or 0)
    return frame is not None and frame.f_globals.get("__name__") in _DELICATE


def _raise_in(thread: threading.Thread, error: type[BaseException] | None) -> None:
    """Raise `error` in a thread as soon as it executes Python code; None takes back what it hasn't met yet."""
    import ctypes

    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), raised)


def report(error: BaseException) -> None:
    """Have an error of a thread shown, as Python shows one that nobody caught."""
    hook, thread = threading.excepthook, threading.current_thread()
    hook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))


def _forget_threads() -> None:
    """After a fork: the child has none of the parent's threads."""
    global _watchdog, _process, _looking
    if _looking.locked() and _collects:
        gc.enable()
    _looking = threading.Lock()
    _idle.clear()
    _watchdog = _Watchdog()
    _process = os.getpid()


_process = os.getpid()
_names = itertools.count(1)
_idle: list[Worker] = []
_watchdog = _Watchdog()
_own_code: frozenset[CodeType] = frozenset(
    function.__code__ for function in (Worker._live, Worker._cycle, Worker._part, _disarm, _raise_in, report)
)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_threads)
