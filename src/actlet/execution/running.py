"""One snippet that is being run in a thread of this process: its clock, its tool calls, its end.

The rule: exactly one `CodeOutput` is delivered, on time, whatever the thread is doing. The clock counts the
snippet's own time; it stands still while the snippet waits for tools. When the time is up, or somebody interrupts,
the worker is told to stop (`threads.Worker.stop`); if it is inside a C function and doesn't end within `GRACE`, the
end is delivered all the same, and the thread is left to end by itself.
"""

from __future__ import annotations

import contextvars
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..threads import Alarm, Worker
from .box import Answer, BoxCall, CodeOutput, Deliver, Printed, SnippetError, Suspended
from .kernel import is_snippet
from .text import PrintedText

GRACE = 0.3
"""Seconds between the force that stops a snippet and its end being delivered without it."""

POLITE_INTERRUPT = 1.0
"""Seconds that a snippet has to clean up after a `KeyboardInterrupt`."""


class SnippetTimeoutError(BaseException):
    """Raised inside a snippet whose time is up. `except Exception` lets it pass."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A tool call, and the thread of the snippet that waits for it."""

    call: BoxCall
    done: threading.Lock
    answer: Answer | None = None


class Running(ABC):
    """A snippet from `submit` to its `CodeOutput`. Many wait for their turn: it is little until it begins."""

    printed: PrintedText | None = None
    """What it has printed; None before it begins."""

    def __init__(self, deliver: Deliver, *, limit: float | None, print_limit: int) -> None:
        self._deliver = deliver
        self._context = contextvars.copy_context()
        self._worker: Worker | None = None
        self._limit, self._left, self._print_limit = limit, limit, print_limit
        self._lock = threading.RLock()
        self._alarm: Alarm | None = None
        self._started_at = 0.0
        self._asked: Sequence[_Waiting] = ()
        self._queued: Sequence[_Waiting] = ()
        self._numbers = 0
        self._stopped: SnippetError | None = None
        self._output: CodeOutput | None = None
        self._over = False
        self.failed: tuple[BaseException, str] | None = None

    # What its box says

    @abstractmethod
    def worker(self) -> Worker:
        """A thread for it, as it begins."""

    @abstractmethod
    def work(self) -> None:
        """The whole of it, on that thread."""

    @abstractmethod
    def where(self) -> tuple[int | None, str]:
        """The line that it is at, and its frames as text."""

    @abstractmethod
    def waits(self) -> None:
        """It waits for tools now."""

    @abstractmethod
    def ended(self, worker: Worker | None) -> None:
        """It has ended, and needs its thread no more, if it had one."""

    def begin(self) -> bool:
        """It is its turn: it gets a thread, unless it was stopped before it had one."""
        with self._lock:
            if self._over or self._stopped is not None:
                return False
            self.printed = PrintedText(self._print_limit, partial(_print_to, self._deliver))
            try:
                self._worker = self.worker()
            except RuntimeError as error:  # the system has no more threads
                problem = SnippetError("RuntimeError", str(error), fatal=True)
            else:
                self._worker.submit(self.work, self._context)
                return True
        self.end(CodeOutput(error=problem))
        return False

    def logs(self) -> str:
        """What it has printed so far."""
        return "" if self.printed is None else self.printed.text()

    # The clock

    def start(self) -> None:
        """The snippet begins, or goes on: its clock runs."""
        with self._lock:
            if self._left is not None and not self._over and self._stopped is None:
                self._started_at = time.monotonic()
                self._alarm = Alarm(self._left, self._expire)

    def _pause(self) -> None:
        alarm, self._alarm = self._alarm, None
        if alarm is not None and self._left is not None:
            alarm.cancel()
            self._left = max(0.001, self._left - (time.monotonic() - self._started_at))

    def _expire(self) -> None:
        limit = f"{self._limit:g} second{'' if self._limit == 1 else 's'}"
        message = (
            f"Code execution exceeded the maximum execution time of {limit}. "
            "Variables are kept. Do less at a time, or in a faster way."
        )
        self._stop("TimeoutError", message, SnippetTimeoutError, polite=0.05)

    # Tool calls, from the snippet's threads

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Have a tool called and wait for its value. Raises what the tool raised."""
        return self.call_many(name, [arguments])[0]

    def call_many(self, name: str, given: list[dict[str, Any]]) -> list[Any]:
        """Have a tool called with each of these, all at once. Raises what the first that failed raised."""
        calls = [_Waiting(self._numbered(name, arguments), threading.Lock()) for arguments in given]
        for waiting in calls:
            waiting.done.acquire()
        with self._lock:
            self._refuse_if_over()
            self._queued = [*self._queued, *calls]
            if not self._asked and calls:
                self._ask()
        for waiting in calls:
            waiting.done.acquire()
        return [self._value(waiting) for waiting in calls]

    def _numbered(self, name: str, arguments: dict[str, Any]) -> BoxCall:
        with self._lock:
            self._numbers += 1
            return BoxCall(self._numbers, name, arguments)

    def _refuse_if_over(self) -> None:
        if self._over or self._output is not None:
            raise RuntimeError("tools can be called only while the snippet runs: join its threads before it ends")
        if self._stopped is not None:
            raise KeyboardInterrupt

    def _ask(self) -> None:
        self._asked, self._queued = self._queued, ()
        self._pause()
        if self.printed is not None:
            self.printed.flush()
        self.waits()
        self._deliver(Suspended(tuple(waiting.call for waiting in self._asked)))

    def _value(self, waiting: _Waiting) -> Any:
        answer = waiting.answer
        if answer is None:
            raise KeyboardInterrupt
        if answer.error is not None:
            self.failed = answer.error, waiting.call.name
            raise answer.error
        return answer.value

    def resume(self, answers: tuple[Answer, ...]) -> None:
        """Give the calls of the last `Suspended` their answers."""
        by_id = {answer.id: answer for answer in answers}
        with self._lock:
            asked, self._asked = self._asked, ()
            missing = [waiting.call.id for waiting in asked if waiting.call.id not in by_id]
            if missing:
                self._asked = asked
                raise ValueError(f"every call must be answered; there is no answer for {missing!r}")
            if self._queued:
                self._ask()
            elif asked:
                self.start()
            output = self._output if asked else None
        for waiting in asked:
            waiting.answer = by_id[waiting.call.id]
            waiting.done.release()
        if output is not None:
            self.end(output)

    # The end

    def end(self, output: CodeOutput) -> None:
        """The snippet has ended by itself. Delivered after the tool calls that its threads still wait for.

        One that is being stopped ends in `_finish` alone: what stops it may come up in any line of its thread.
        """
        with self._lock:
            self._output = output
            if self._stopped is not None and output.error is not None:
                line = output.error.line or self._stopped.line
                self._stopped = replace(self._stopped, line=line, traceback=output.error.traceback)
            if self._asked or self._stopped is not None or self._over:
                return
            self._over = True
            self._pause()
        self._tell()

    def interrupt(self) -> None:
        """Stop the snippet: `KeyboardInterrupt` inside, then by force."""
        message = "the snippet was interrupted"
        self._stop("KeyboardInterrupt", message, KeyboardInterrupt, polite=POLITE_INTERRUPT)

    def _stop(self, kind: str, message: str, error: type[BaseException], *, polite: float) -> None:
        line, trace = self.where()
        with self._lock:
            if self._over or self._stopped is not None:
                return
            self._pause()
            self._stopped = SnippetError(kind, message, line, trace)
            waiting, self._asked, self._queued = [*self._asked, *self._queued], (), ()
            stopped = self._worker is not None and self._worker.stop(
                error, self._finish, polite=polite, within=is_snippet
            )
        for call in waiting:
            call.done.release()
        Alarm(polite + GRACE if stopped else 0, self._finish)

    def _finish(self) -> None:
        """The end of a snippet that was stopped, once; not called on its own thread before it has ended."""
        with self._lock:
            if self._over:
                return
            self._over = True
            self._pause()
        self._tell()

    def _tell(self) -> None:
        self.ended(self._worker)
        if self.printed is not None:
            self.printed.close()
        output = self._output or CodeOutput()
        if self._stopped is not None:
            output = CodeOutput(logs=self.logs(), error=self._stopped, changed=output.changed)
        self._deliver(output)


def _print_to(deliver: Deliver, text: str) -> None:
    deliver(Printed(text))
