"""How an agent carries out a task for whoever doesn't keep a session: in its own ones (`own_sessions.py`).

The overloads tell type checkers what comes back: a stream's events, a `RunResult`, or the answer, which may be
anything. An agent that was made with `return_full_result` gives a `RunResult` where `Any` stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Unpack, overload

from ..runs.events import AsyncEvents, Events
from ..runs.result import RunResult
from ..runs.run import RunOptions
from .own_sessions import OwnSessions


class Running:
    """`run`, `arun` and `astream` of every agent."""

    return_full_result: bool
    _own: OwnSessions

    @overload
    def run(
        self, task: str, stream: Literal[True], reset: bool = True, **options: Unpack[RunOptions]
    ) -> Events: ...
    @overload
    def run(
        self,
        task: str,
        stream: Literal[False] = False,
        reset: bool = True,
        *,
        return_full_result: Literal[True],
        **options: Unpack[RunOptions],
    ) -> RunResult: ...
    @overload
    def run(
        self,
        task: str,
        stream: bool = False,
        reset: bool = True,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool | None = None,
    ) -> Any: ...
    def run(
        self,
        task: str,
        stream: bool = False,
        reset: bool = True,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool | None = None,
    ) -> Any:
        """Carry out a task. Any number of runs may go on at once.

        Args:
            task: what to do, in words.
            stream: return an iterator over the events; nothing happens before it is iterated over.
            reset: begin in a fresh session; False: go on in the agent's last one.
            images: images that belong to the task (PIL images).
            additional_args: variables for the code, or for arguments of tool calls, by name.
            max_steps: instead of the agent's.
            return_full_result: return a `RunResult` rather than the final answer.

        Raises:
            AgentGenerationError: the model failed, after its retries.
            AgentInterruptedError: `interrupt()` was called.
        """
        session = self._own.for_run(reset)
        options: RunOptions = {"images": images, "additional_args": additional_args, "max_steps": max_steps}
        if stream:
            return session.run(task, stream=True, **options)
        return session.run(task, return_full_result=self._wants_result(return_full_result), **options)

    @overload
    async def arun(
        self, task: str, *, return_full_result: Literal[True], reset: bool = True, **options: Unpack[RunOptions]
    ) -> RunResult: ...
    @overload
    async def arun(
        self,
        task: str,
        reset: bool = True,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool | None = None,
    ) -> Any: ...
    async def arun(
        self,
        task: str,
        reset: bool = True,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
        return_full_result: bool | None = None,
    ) -> Any:
        """`run`, on an event loop. Cancelling the task stops all that the run is doing."""
        session = self._own.for_run(reset)
        run = session.start(task, images=images, additional_args=additional_args, max_steps=max_steps)
        await run.afinish()
        return run.result() if self._wants_result(return_full_result) else run.output

    def astream(
        self,
        task: str,
        reset: bool = True,
        images: list[Any] | None = None,
        additional_args: Mapping[str, Any] | None = None,
        max_steps: int | None = None,
    ) -> AsyncEvents:
        """The events of a run, on an event loop. Use `contextlib.aclosing` where you may leave early."""
        return self._own.for_run(reset).astream(task, images, additional_args, max_steps)

    def _wants_result(self, asked: bool | None) -> bool:
        return self.return_full_result if asked is None else asked
