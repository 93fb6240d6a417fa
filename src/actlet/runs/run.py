"""A run: one task, carried out in a session from the task to the final answer.

A run owns what is true of this one task: its tokens, its children, whether it was interrupted. It is iterated over
once, by `events()` in a thread or by `aevents()` on an event loop; both are the same work under another driver.
What is wrapped around its effects, in which order, stands in `_work`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing
from functools import cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from ..errors import AgentError
from ..messages import NO_TOKENS, Timing, TokenUsage
from ..models.transient import transient
from ..threads import Alarm
from .current import current_run
from .driving import Driver, Shown
from .events import Notice, RunFinished, RunStarted
from .performing import Performer
from .result import RunResult
from .retrying import retry
from .shared import SharedMemory
from .wrapping import Performing, carry_out, compose

if TYPE_CHECKING:
    from .driving_async import AsyncDriver
    from .session import Session


_counting = threading.Lock()
"""Held for the moment in which the figures of a run, and of those that it works for, are added to."""

PATIENCE = 1.0
"""Seconds that an interrupted run gives its children to end, before what it waits for is left."""


class Run:
    """One task, carried out in `session`. Made by `Session.start`."""

    def __init__(
        self,
        session: Session,
        task: str,
        *,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
    ) -> None:
        _check_arguments(task, additional_args, max_steps, images)
        self.session = session
        self.agent = session.agent
        self.task = task
        self.images = images
        self.additional_args = dict(additional_args or {})
        self.max_steps = max_steps or self.agent.max_steps
        self.parent = _unless_over(current_run())
        self.depth: int = self.parent.depth + 1 if self.parent else 0
        self._shared: SharedMemory | None = None
        self.children: list[Run] = []
        self.step_number = 0
        self.interrupted = False
        self.timing = Timing(time.time())
        self.usage = NO_TOKENS
        self.usage_known = True
        self._cost: float | None = 0.0
        self.output: Any = None
        self.error: AgentError | None = None
        self.tools: Mapping[str, Any] = self.agent.tools_of(self)
        self._driver: Driver | AsyncDriver | None = None

    @property
    def shared(self) -> SharedMemory:
        """The values that this run and all that it works for, and that work for it, leave for each other."""
        if self.parent is not None:
            return self.parent.shared
        with _counting:
            if self._shared is None:
                self._shared = SharedMemory()
            return self._shared

    # What the loop and the performer note

    def count(self, usage: TokenUsage | None, cost: float | None) -> None:
        """Add what a model's reply took, for this run and for those it works for. None: it isn't known."""
        run: Run | None = self
        with _counting:
            while run is not None:
                run._add(usage, cost)
                run = run.parent

    def _add(self, usage: TokenUsage | None, cost: float | None) -> None:
        if usage is None:
            self.usage_known = False
        else:
            self.usage = self.usage + usage
        self._cost = None if self._cost is None or cost is None else self._cost + cost

    # Carrying it out

    def _work(self) -> Performing:
        agent = self.agent
        perform = compose(
            Performer(self),
            [
                *self.session.wrappers,
                retry(agent.retry, _transient(agent.model)),
            ],
        )
        return carry_out(agent.loop(self), perform)

    def events(self) -> Generator[Any, None, None]:
        """Carry the run out in this thread, yielding its stream events."""
        yield from self._driven(self._shown)

    def finish(self) -> None:
        """Carry the run out in this thread."""
        for _ in self._driven(self._tell):
            pass

    async def aevents(self) -> AsyncGenerator[Any, None]:
        """Carry the run out in this task, yielding its stream events."""
        driver = self._driver = _async_driver_class()()
        with self:
            async with aclosing(driver.drive(self._work(), self._shown)) as events:
                async for event in events:
                    yield event
            self.output = driver.result

    async def afinish(self) -> None:
        """Carry the run out in this task."""
        driver = self._driver = _async_driver_class()()
        with self:
            work = self._work()
            try:
                await driver.go_on(work, self._tell)
            finally:
                await driver.leave(work)
            self.output = driver.result

    def _driven(self, shown: Shown) -> Generator[Any, None, None]:
        driver = self._driver = Driver()
        with self:
            self.output = yield from driver.drive(self._work(), shown)

    def _tell(self, event: Any) -> bool:
        """Tell the observers of an event; nobody else gets it."""
        for observer in self.session.observers:
            observer(event, self)
        return False

    def _shown(self, event: Any) -> bool:
        """Tell the observers of an event; whether it is for the stream too."""
        self._tell(event)
        return not isinstance(event, Notice)

    def __enter__(self) -> None:
        """The run goes on inside of the `with`. Raises what `Session.begin` raises."""
        self.session.begin(self)
        try:
            self._tell(RunStarted(self.task))
        except BaseException as error:  # an observer's
            self.__exit__(None, error, None)
            raise

    def __exit__(self, _kind: Any, failure: BaseException | None, _trace: Any) -> None:
        """The run is over; `failure` is what ended it, if it didn't get to its end."""
        self.timing.end_time = time.time()
        for child in list(self.children):
            child.interrupt()
        self._driver = None
        self.session.end(self)
        self._tell(RunFinished(self.output, failure))

    @property
    def is_stopped(self) -> bool:
        """Whether this run, or one that it works for, was interrupted."""
        return self.interrupted or (self.parent is not None and self.parent.is_stopped)

    def interrupt(self) -> None:
        """Stop the run, from any thread: it ends with `AgentInterruptedError`, and what it waits for is stopped."""
        self.interrupted = True
        children, driver = list(self.children), self._driver
        for child in children:
            child.interrupt()
        if driver is not None:
            driver.wake(quietly=bool(children))
            if children:
                Alarm(PATIENCE, driver.wake_at_last)

    # How it ended

    def result(self) -> RunResult:
        """The run as a value, once it is over."""
        usage = self.usage if self.usage_known else None
        return RunResult(
            output=self.output,
            state="success" if self.error is None else "max_steps_error",
            steps=self.session.memory.get_full_steps(),
            token_usage=usage,
            timing=self.timing,
            error=self.error,
            cost=self.cost(),
        )

    def cost(self) -> float | None:
        """What the models of this run and of its members cost, by their prices; None if one of them has none."""
        return self._cost


@cache
def _async_driver_class() -> type[AsyncDriver]:
    from .driving_async import AsyncDriver  # only where there is an event loop: asyncio takes its time to import

    return AsyncDriver


def _unless_over(run: Run | None) -> Run | None:
    """The run, if it isn't over: a task that a tool left behind works for nobody."""
    return run if run is not None and run.session.current is run else None


def _check_arguments(task: Any, additional_args: Any, max_steps: Any, images: Any) -> None:
    if not isinstance(task, str):
        raise TypeError(f"a task is text, and this is not: {task!r:.200}")
    if additional_args is not None and not isinstance(additional_args, Mapping):
        raise TypeError(f"additional_args is a dict of variables by name, not {additional_args!r:.200}")
    if max_steps is not None and (not isinstance(max_steps, int) or isinstance(max_steps, bool) or max_steps < 0):
        raise ValueError(f"max_steps must be a whole number, 0 or None for the agent's own; it is {max_steps!r}")
    if images is not None and not isinstance(images, list | tuple):
        raise TypeError(f"images is a list of images, not {images!r:.200}")
    wrong = [name for name in additional_args or () if not _is_name(name)]
    if wrong:
        raise ValueError(f"additional_args become variables, so their names must be names: {wrong!r:.200} are not")


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name.isidentifier() and not iskeyword(name)


def _transient(model: Any) -> Any:
    return getattr(model, "transient", transient)
