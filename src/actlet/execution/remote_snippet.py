"""One snippet that runs in a kernel somewhere else: its clock, the calls it waits for, its one end.

It holds what is known of the snippet; what to do about it is decided in `protocol.py`, under the box's lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ..threads import Alarm
from .box import Answer, BoxCall, CodeOutput, Deliver, Printed, SnippetError
from .kernel import FrameError
from .link import Link
from .text import PrintedText

MAX_CALLS = 100_000
"""Tool calls of one snippet."""


class Snippet:
    """A snippet from `submit` to its `CodeOutput`. The clock counts its own time, not that of the tools."""

    def __init__(self, number: int, deliver: Deliver, limit: float | None, print_limit: int) -> None:
        self.number, self.deliver = number, deliver
        self.printed = PrintedText(print_limit, lambda text: deliver(Printed(text)))
        self.asked: dict[int, BoxCall] = {}
        self.queued: list[BoxCall] = []
        self.output: CodeOutput | None = None
        self.stopped: SnippetError | None = None
        self.over = False
        self.link: Link | None = None
        self._numbers: set[int] = set()
        self._left = limit
        self._alarm: Alarm | None = None
        self._started_at = 0.0

    def run_clock(self, expire: Callable[[], None]) -> None:
        """The snippet begins, or goes on."""
        if self._left is not None and not self.over and self.stopped is None:
            self._started_at = time.monotonic()
            self._alarm = Alarm(self._left, expire)

    def pause(self) -> None:
        """The clock stands still."""
        alarm, self._alarm = self._alarm, None
        if alarm is not None and self._left is not None:
            alarm.cancel()
            self._left = max(0.001, self._left - (time.monotonic() - self._started_at))

    def number_call(self, number: int) -> None:
        """A call with this number. Raises `FrameError` if there was one, or were too many."""
        if number in self._numbers or len(self._numbers) >= MAX_CALLS:
            raise FrameError(f"a call with a number that was used, or more than {MAX_CALLS} calls")
        self._numbers.add(number)

    def next_calls(self) -> tuple[BoxCall, ...]:
        """The calls that have come since the last ones were asked for: they are asked for now."""
        calls, self.queued = tuple(self.queued), []
        self.asked = {call.id: call for call in calls}
        if calls:
            self.pause()
            self.printed.flush()
        return calls

    def answered(self, answers: tuple[Answer, ...]) -> set[int]:
        """The numbers of the calls that were asked for. Raises `ValueError` unless all have an answer."""
        missing = self.asked.keys() - {answer.id for answer in answers}
        if missing:
            raise ValueError(f"every call must be answered; there is no answer for {sorted(missing)!r}")
        asked, self.asked = set(self.asked), {}
        return asked

    def stop(self, error: SnippetError) -> None:
        """It is to end with this error, whatever it does until then."""
        self.pause()
        self.stopped = error
        self.asked, self.queued = {}, []

    def ended(self) -> bool:
        """Whether it has its end."""
        return self.over

    def end(self) -> None:
        """Nothing more comes."""
        self.pause()
        self.over = True

    def tell(self, output: CodeOutput) -> None:
        """Deliver its end."""
        self.printed.close()
        logs, error = self.printed.text(), output.error
        if self.stopped is not None:
            line, trace = (None, "") if error is None else (error.line, error.traceback)
            stopped = replace(self.stopped, line=line, traceback=trace)
            output = CodeOutput(changed=output.changed, files=output.files, error=stopped)
        self.deliver(replace(output, logs=logs) if logs else output)
