"""A session: a conversation with an agent, and everything of it that changes.

It owns the memory, the state, the box with the variables in it, and the totals over its runs. One run at a time
goes on in a session; runs that overlap each have one of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, Self, Unpack, overload

from ..errors import BoxError
from ..execution.box import Box, PythonExecutor
from ..memory.callbacks import CallbackRegistry
from ..memory.memory import AgentMemory
from ..messages import NO_TOKENS
from .driving import interrupted
from .events import AsyncEvents, Events
from .result import RunResult
from .retrying import RetryPolicy
from .run import Run, RunOptions
from .wrapping import Loop, Wrapper

Observer = Callable[[Any, Run], object]
_beginning = threading.Lock()
"""Held for the moment in which a session gets its run."""


class Settings(Protocol):
    """What a session asks of its agent: settings, and the loop."""

    model: Any
    max_steps: int
    max_tool_threads: int | None
    retry: RetryPolicy
    final_answer_checks: list[Callable[..., Any]]
    step_callbacks: CallbackRegistry

    def loop(self, run: Run) -> Loop:
        """The loop that carries out `run`."""

    def tools_of(self, run: Run) -> Mapping[str, Any]:
        """Everything that `run` may call, by name."""

    def check_additional_args(self, additional_args: Mapping[Any, Any]) -> None:
        """Raise `ValueError` unless the arguments can be had by their names."""

    def make_box(self) -> PythonExecutor:
        """The box for a new session."""

    def initialize_system_prompt(self) -> str:
        """The system prompt as it is now."""

    def noted(self, run: Run, going_on: bool) -> None:
        """A run of this agent begins or ends."""


class Session:
    """A conversation with `agent`. Made by `agent.session()`; may be used in a `with` block, which closes it.

    `memory_size`: how many earlier tasks are remembered, with their steps and answers, when a new one begins; None:
    all. `members` are the sessions of managed agents that remember, by name. `token_usage`, `duration` (s) and
    `run_count` are totals over the runs that have ended.
    """

    def __init__(
        self,
        agent: Settings,
        *,
        memory_size: int | None = None,
        box: PythonExecutor | None = None,
        wrappers: Sequence[Wrapper] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        if memory_size is not None and not (type(memory_size) is int and memory_size >= 0):
            raise ValueError(f"memory_size is a whole number of interactions, 0 or more, not {memory_size!r}")
        self.agent: Any = agent
        self.memory = AgentMemory(agent.initialize_system_prompt())
        self.memory_size = memory_size
        self.state: dict[str, Any] = {}
        self.wrappers = tuple(wrappers)
        self.observers = tuple(observers)
        self.run_count = 0
        self.token_usage = NO_TOKENS
        self.duration = 0.0
        self.current: Run | None = None
        self._last: tuple[str | None, int] = (None, 0)
        self.members: dict[str, Session] = {}
        self._box = box

    @property
    def box(self) -> PythonExecutor:
        """Where the session's code runs; made when first asked for."""
        if self._box is None:
            self._box = self.agent.make_box()
        return self._box

    @property
    def busy(self) -> bool:
        """Whether a run is going on."""
        return self.current is not None

    @property
    def task(self) -> str | None:
        """The task of the run that is going on, or else of the last one; None before the first."""
        return self._last[0] if self.current is None else self.current.task

    @property
    def step_number(self) -> int:
        """The step that the run that is going on, or else the last one, has come to; 0 before the first."""
        return self._last[1] if self.current is None else self.current.step_number

    @property
    def fresh(self) -> bool:
        """Whether nothing has been run in it yet."""
        return self.run_count == 0 and not self.busy

    def start(self, task: str, **options: Unpack[RunOptions]) -> Run:
        """A run of `task`, which begins when it is iterated over."""
        return Run(self, task, **options)

    @overload
    def run(self, task: str, stream: Literal[True], **options: Unpack[RunOptions]) -> Events: ...
    @overload
    def run(
        self,
        task: str,
        stream: Literal[False] = False,
        *,
        return_full_result: Literal[True],
        **options: Unpack[RunOptions],
    ) -> RunResult: ...
    @overload
    def run(
        self,
        task: str,
        stream: bool = False,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool = False,
    ) -> Any: ...
    def run(
        self,
        task: str,
        stream: bool = False,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool = False,
    ) -> Any:
        """Carry out `task`, going on from what the session remembers.

        Returns the final answer; the `RunResult` with `return_full_result`; with `stream`, an iterator over the
        events. Raises `AgentGenerationError` when the model fails, `AgentInterruptedError` when interrupted.
        """
        run = self.start(task, images=images, additional_args=additional_args, max_steps=max_steps)
        if stream:
            return run.events()
        run.finish()
        return run.result() if return_full_result else run.output

    @overload
    async def arun(
        self, task: str, *, return_full_result: Literal[True], **options: Unpack[RunOptions]
    ) -> RunResult: ...
    @overload
    async def arun(
        self,
        task: str,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool = False,
    ) -> Any: ...
    async def arun(
        self,
        task: str,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool = False,
    ) -> Any:
        """`run`, on an event loop. Cancelling the task stops everything that the run is doing."""
        run = self.start(task, images=images, additional_args=additional_args, max_steps=max_steps)
        await run.afinish()
        return run.result() if return_full_result else run.output

    def astream(
        self,
        task: str,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
    ) -> AsyncEvents:
        """The events of a run, on an event loop. Use `contextlib.aclosing` when you may leave early."""
        run = self.start(task, images=images, additional_args=additional_args, max_steps=max_steps)
        return run.aevents()

    def interrupt(self) -> None:
        """Stop the run that is going on, if one is."""
        run = self.current
        if run is not None:
            run.interrupt()

    def begin(self, run: Run) -> None:
        """A run begins. Raises `RuntimeError` if one is going on, `AgentInterruptedError` if it was stopped."""
        if run.is_stopped:
            raise interrupted()
        with _beginning:
            if self.current is not None:
                raise RuntimeError(
                    f"this session is busy with {self.current.task!r:.80}: wait for it, "
                    "or run in a session of its own (agent.session(), or agent.run without reset=False)"
                )
            self.current = run
        if run.parent is not None:
            run.parent.children.append(run)
        if self.memory_size is not None:
            self.memory.keep_last(self.memory_size)
        run.agent.noted(run, True)

    def end(self, run: Run) -> None:
        """The run is over: its totals are the session's."""
        if run.parent is not None:
            run.parent.children.remove(run)
        self.run_count += 1
        self._last = (run.task, run.step_number)
        self.token_usage = self.token_usage + run.usage
        self.duration += run.timing.duration or 0.0
        self.current = None
        run.agent.noted(run, False)

    def hand_over_box(self) -> PythonExecutor | None:
        """Give up the box, emptied, for another session to use; None if there is none that can be emptied."""
        box, self._box = self._box, None
        if not isinstance(box, Box):
            return box
        try:
            box.reset()
        except BoxError:  # what was stopped in it has not ended yet
            box.cleanup()
            return None
        return box

    def has_box(self, box: PythonExecutor) -> bool:
        """Whether this is the session's box."""
        return self._box is box

    def close(self) -> None:
        """Give back the box, and those of the members that remember. The memory stays readable."""
        for member in self.members.values():
            member.close()
        box, self._box = self._box, None
        if box is not None:
            box.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
