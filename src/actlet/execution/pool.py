"""A pool of boxes, for servers: started before they are needed, one for each session, never more than so many.

    pool = BoxPool(SandboxExecutor, size=8, spare=2)
    agent = CodeAgent(tools, model, executor=pool)
    with agent.session() as session:      # a box is taken with the first snippet, and given back here
        session.run("...")

The rule: a box that a session has used is never given to another one. It is ended and a new one takes its place,
unless `reuse` says that sessions trust each other: then it is emptied of variables and files.

Theory of operation. What a session holds is a `PooledBox`, which is nothing but a place in the pool; it gets a real
box with its first snippet. Nobody waits in a thread for one: the snippet waits in a queue, and is submitted by
whoever brings the box. So threads and event loops can wait for the same pool, and an interrupt ends the wait.
Boxes are started, emptied and ended on workers. What is done under the lock is short, and calls nobody.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import BoxError
from ..threads import Alarm, on_a_worker
from .box import Answer, Box, BoxFile, CodeOutput, Deliver, SnippetError
from .by_hand import raise_failure, run_by_hand
from .files import FileData

Step = Callable[[], object]
"""Something to do once the lock is open again."""


_ALL_IN_USE = (
    "all {size} boxes of the pool were in use for {seconds:g} s: close the sessions that are done "
    "(with agent.session() as session: ...), wait longer (wait_seconds=) or have more boxes (size=)"
)


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the queue for a box. Either `give` or `refuse` is called, once, unless it is handed in first."""

    give: Callable[[Box], object]
    refuse: Callable[[BoxError], object]
    alarm: Alarm | None = None

    def settle(self) -> tuple[Callable[[Box], object], Callable[[BoxError], object]]:
        """It has left the queue: `give` and `refuse`, which it doesn't hold any more."""
        if self.alarm is not None:
            self.alarm.cancel()
        both, self.give, self.refuse = (self.give, self.refuse), _nothing, _nothing
        return both


def _nothing(_: object) -> None:
    """What a ticket calls that was settled."""


class BoxPool:
    """Boxes that `make_box` makes, all alike.

    `size`: how many there are at most, in use or not. `spare`: how many are kept started and unused, as far as
    `size` allows. `wait_seconds`: how long a snippet waits when all are in use, before its run fails with a
    `BoxError`; None for as long as it takes. `reuse`: sessions trust each other: a box is emptied and used again.

    An agent takes it as `executor=`. It starts boxes with `start()`, in a `with` block, or when one is needed.
    Safe to use from any number of threads and tasks. Raises `ValueError` or `TypeError` for what makes no sense.
    """

    def __init__(
        self,
        make_box: Callable[[], Box],
        *,
        size: int = 8,
        spare: int = 2,
        wait_seconds: float | None = 60,
        reuse: bool = False,
    ) -> None:
        if size < 1 or not 0 <= spare <= size:
            raise ValueError(
                f"a pool has 1 box or more, of which 0 to all are spare: size={size!r}, spare={spare!r}"
            )
        if wait_seconds is not None and wait_seconds < 0:
            raise ValueError(f"wait_seconds must be 0 or more, or None for no limit; it is {wait_seconds!r}")
        first = make_box()
        if not isinstance(first, Box):
            raise TypeError(f"make_box must make a Box, and made {first!r:.200}")
        self.size, self.spare, self.wait_seconds, self.reuse = size, spare, wait_seconds, reuse
        self.restricts_imports = first.restricts_imports
        self.packages: tuple[str, ...] = getattr(first, "packages", ())
        self._make_box = make_box
        self._lock = threading.Condition(threading.RLock())
        self._unused: deque[Box] = deque()
        self._taken: set[Box] = set()
        self._starting = 0
        self._ending = 0
        self._queue: deque[Ticket] = deque()
        self._closed = False

    def __call__(self) -> PooledBox:
        """A box of the pool, for a session."""
        return PooledBox(self)

    def start(self) -> None:
        """Begin to start the spare boxes. Waits for none."""
        self._go_on()

    def close(self) -> None:
        """End every box, those in use too, and refuse whoever waits for one. May be called more than once."""
        with self._lock:
            self._closed = True
            refused, self._queue = self._queue, deque()
            boxes = [*self._unused, *self._taken]
            self._unused.clear()
            self._taken.clear()
            self._ending += len(boxes)
        for ticket in refused:
            ticket.settle()[1](BoxError("the pool of boxes was closed"))
        for box in boxes:
            on_a_worker(partial(self._end, box))
        with self._lock:
            self._lock.wait_for(lambda: not self._starting and not self._ending)

    def __enter__(self) -> BoxPool:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<BoxPool of {self.size}: {len(self._taken)} in use, {len(self._unused)} ready>"

    # For whoever holds a place in it

    def take(self, give: Callable[[Box], object], refuse: Callable[[BoxError], object]) -> Ticket:
        """Have `give` called with a box, as soon as there is one, or `refuse` with why there is none."""
        ticket = Ticket(give, refuse)
        with self._lock:
            closed = self._closed
            if not closed:
                self._queue.append(ticket)
                if self.wait_seconds is not None:
                    ticket.alarm = Alarm(self.wait_seconds, partial(self._late, ticket))
        if closed:
            ticket.settle()[1](BoxError("the pool of boxes was closed"))
        self._go_on()
        return ticket

    def hand_in(self, ticket: Ticket) -> bool:
        """Leave the queue; False if it was served or refused already."""
        with self._lock:
            if ticket not in self._queue:
                return False
            self._queue.remove(ticket)
        ticket.settle()
        return True

    def give_back(self, box: Box) -> None:
        """A session needs the box no more. Waits for nothing."""
        on_a_worker(partial(self._take_back, box))

    # What happens to boxes

    def _go_on(self) -> None:
        """Serve whoever waits, and start what is wanted."""
        steps: list[Step] = []
        with self._lock:
            while self._queue and self._unused:
                steps.append(self._serve(self._queue.popleft(), self._unused.popleft()))
            free = self.size - len(self._taken) - len(self._unused) - self._starting - self._ending
            wanted = len(self._queue) + self.spare - len(self._unused) - self._starting
            if not self._closed:
                starts = max(0, min(free, wanted))
                self._starting += starts
                steps += [partial(on_a_worker, self._start)] * starts
        for step in steps:
            step()

    def _serve(self, ticket: Ticket, box: Box) -> Step:
        self._taken.add(box)
        return partial(ticket.settle()[0], box)

    def _start(self) -> None:
        """On a worker: make a box and start it, for whoever waits longest or as a spare."""
        box: Box | None = None
        try:
            box = self._make_box()
            box.start()
        except Exception as error:
            self._failed(box, error)
        else:
            self._started(box)

    def _started(self, box: Box) -> None:
        with self._lock:
            self._starting -= 1
            closed = self._closed
            if closed:
                self._ending += 1
            else:
                self._unused.append(box)
        if closed:
            self._end(box)
        self._go_on()

    def _failed(self, box: Box | None, error: Exception) -> None:
        """A box can't be started: whoever waits longest is told. A spare is tried again when one is next needed."""
        if box is not None:
            box.cleanup()
        with self._lock:
            self._starting -= 1
            ticket = self._queue.popleft() if self._queue else None
            self._lock.notify_all()
        if ticket is not None:
            problem = error if isinstance(error, BoxError) else BoxError(f"{type(error).__name__}: {error}")
            ticket.settle()[1](problem)
            self._go_on()

    def _take_back(self, box: Box) -> None:
        with self._lock:
            if box not in self._taken:
                return
            self._taken.remove(box)
            self._ending += 1
        if self.reuse and self._emptied(box):
            with self._lock:
                self._ending -= 1
                self._starting += 1
            self._started(box)
        else:
            self._end(box)

    def _emptied(self, box: Box) -> bool:
        """Empty a box for the next session; whether that could be done."""
        try:
            box.reset()
            box.send_tools({})
            box.start()
        except BoxError:
            return False
        return True

    def _end(self, box: Box) -> None:
        try:
            box.cleanup()
        finally:
            with self._lock:
                self._ending -= 1
                self._lock.notify_all()
            self._go_on()

    def _late(self, ticket: Ticket) -> None:
        """The time to wait is over: it is refused, unless a box is being started for it."""
        with self._lock:
            if ticket not in self._queue:
                return
            if self._queue.index(ticket) < self._starting:
                ticket.alarm = Alarm(0.5, partial(self._late, ticket))
                return
            self._queue.remove(ticket)
        ticket.settle()[1](BoxError(_ALL_IN_USE.format(size=self.size, seconds=self.wait_seconds)))


@dataclass(frozen=True, eq=False, slots=True)
class Waits:
    """A snippet that waits for a box."""

    code: str
    deliver: Deliver


class PooledBox(Box):
    """A place in a pool: it takes a box with its first snippet, and `cleanup` gives it back.

    What else the pool's boxes can do (`report`, ...) can be asked of it too; that waits for a box.
    """

    def __init__(self, pool: BoxPool) -> None:
        self._pool = pool
        self._lock = threading.RLock()
        self._box: Box | None = None
        self._ticket: Ticket | None = None
        self._pending: Waits | None = None
        self.tools: dict[str, Any] = {}
        self._variables: dict[str, Any] = {}
        self.restricts_imports = pool.restricts_imports

    def send_tools(self, tools: Mapping[str, Any]) -> None:
        """Offer these tools to snippets."""
        self.tools = dict(tools)
        if self._box is not None:
            self._box.send_tools(tools)

    def send_variables(self, variables: Mapping[str, Any]) -> None:
        """Bind these names for the snippets to come."""
        self._variables.update(variables)
        if self._box is not None:
            self._box.send_variables(variables)

    def submit(self, code: str, deliver: Deliver) -> None:
        """Run `code` as soon as there is a box for it. Raises `BoxError` if a snippet is running already."""
        with self._lock:
            if self._pending is not None:
                raise BoxError("a snippet is running in this box already: wait for its end, or use box.fresh()")
            box, waits = self._box, Waits(code, deliver)
            if box is None:
                self._pending = waits
        if box is not None:
            box.submit(code, deliver)
        else:
            self._ticket = self._pool.take(partial(self._given, waits), partial(self._refused, waits))

    def _given(self, waits: Waits, box: Box) -> None:
        """A box has come for this snippet, which may have been interrupted meanwhile."""
        with self._lock:
            wanted = self._pending is waits
            if wanted:
                self._pending, self._box = None, box
        if not wanted:
            return self._pool.give_back(box)
        try:
            box.send_tools(self.tools)
            box.send_variables(self._variables)
            box.submit(waits.code, waits.deliver)
        except Exception as error:
            waits.deliver(CodeOutput(error=SnippetError(type(error).__name__, str(error))))

    def _refused(self, waits: Waits, error: BoxError) -> None:
        self._give_up(waits, SnippetError("BoxError", str(error), fatal=True))

    def _give_up(self, waits: Waits | None, error: SnippetError) -> bool:
        """End this snippet, if it still waits for a box; whether it did."""
        with self._lock:
            if waits is None or self._pending is not waits:
                return False
            self._pending = None
        waits.deliver(CodeOutput(error=error))
        return True

    def resume(self, answers: tuple[Answer, ...]) -> None:
        """Answer every call of the last `Suspended`."""
        if self._box is not None:
            self._box.resume(answers)

    def interrupt(self) -> None:
        """Stop the snippet that is running, or waits for a box."""
        if self._ticket is not None:
            self._pool.hand_in(self._ticket)
        waited = self._give_up(self._pending, SnippetError("KeyboardInterrupt", "the snippet was interrupted"))
        if not waited and self._box is not None:
            self._box.interrupt()

    def reset(self) -> None:
        """Forget every variable."""
        self._variables.clear()
        if self._box is not None:
            self._box.reset()

    def fresh(self) -> PooledBox:
        """Another place in the pool."""
        return PooledBox(self._pool)

    def start(self) -> None:
        """Have a box now. Waits for it, and raises `BoxError` if there is none."""
        raise_failure(self.run("None"))

    def put_file(self, path: str | os.PathLike[str], data: FileData) -> None:
        """Write a file into the work folder of the box, which is waited for."""
        self._had().put_file(path, data)

    def get_file(self, path: str | os.PathLike[str]) -> bytes:
        """The bytes of a file in the work folder of the box, which is waited for."""
        return self._had().get_file(path)

    def list_files(self) -> tuple[BoxFile, ...]:
        """The files of the box, which is waited for."""
        return self._had().list_files()

    def _had(self) -> Box:
        """The box. Waits for it, and raises `BoxError` if there is none."""
        if self._box is None:
            self.start()
        if self._box is None:
            raise BoxError("the box was given back meanwhile")
        return self._box

    def cleanup(self) -> None:
        """Give the box back. It may be used again, with another one."""
        if self._ticket is not None:
            self._pool.hand_in(self._ticket)
        self._give_up(self._pending, SnippetError("KeyboardInterrupt", "the box was closed"))
        with self._lock:
            box, self._box = self._box, None
        if box is not None:
            self._pool.give_back(box)

    def __del__(self) -> None:
        if getattr(self, "_box", None) is not None:
            self.cleanup()

    def run(self, code: str) -> CodeOutput:
        """Run a snippet to its end, calling its tools here, one after another; what came of it, error or not."""
        return run_by_hand(self, self.tools, code)

    def __call__(self, code_action: str) -> CodeOutput:
        """Run a snippet to its end, calling its tools here. Raises `InterpreterError` when it fails."""
        return raise_failure(self.run(code_action))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._had(), name)
