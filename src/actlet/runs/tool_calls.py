"""How tool calls are carried out: found, held against the tool's signature, and called, side by side if several.

A call that fails, in whatever way, is a result like any other; its siblings go on. Only the interruption of the run
itself ends them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import AgentInterruptedError, AgentToolCallError
from ..memory.steps import ToolCall
from ..tools.tool import Tool
from .current import awithin, within
from .effects import CallTools, ToolResult
from .events import ToolFinished, ToolStarted
from .waits import END, Call, Close, Gather, Next, Open
from .wrapping import Left, Performing

if TYPE_CHECKING:
    from .run import Run

Results = dict[int, ToolResult]


class ToolCaller:
    """Carries out the tool calls of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def perform(self, effect: CallTools) -> Performing:
        """Call the tools of `effect`. Returns a tuple of `ToolResult`, in the order asked."""
        results: Results = {}
        ready: list[tuple[int, Call]] = []
        for position, call in enumerate(effect.calls):
            yield ToolStarted(call, effect.from_code)
            try:
                ready.append((position, self._prepared(call, effect.from_code)))
            except Exception as error:
                yield _finish(effect, results, position, error=error)
        try:
            if len(ready) == 1:
                yield from self._one(effect, results, *ready[0])
            elif ready:
                yield from self._several(effect, results, ready)
        except (AgentInterruptedError, Left) as error:
            error.results = tuple(results.get(position) for position in range(len(effect.calls)))
            raise
        return tuple(results[position] for position in range(len(effect.calls)))

    def _one(self, effect: CallTools, results: Results, position: int, call: Call) -> Performing:
        value, error = None, None
        try:
            value = yield call
        except Exception as problem:
            error = self._unless_interrupted(problem)
        yield _finish(effect, results, position, value, error)

    def _several(self, effect: CallTools, results: Results, ready: list[tuple[int, Call]]) -> Performing:
        limit = self._run.agent.max_tool_threads
        source = yield Open(Gather(tuple(call for _, call in ready), limit))
        try:
            while (finished := (yield Next(source))) is not END:
                number, value, error = finished
                if error is not None:
                    self._unless_interrupted(error)
                yield _finish(effect, results, ready[number][0], value, error)
        except AgentInterruptedError:
            for number, value, error in (yield Close(source)):
                yield _finish(effect, results, ready[number][0], value, error)
            raise
        except Left:  # the source has been closed
            for number, value, error in source.last:
                _finish(effect, results, ready[number][0], value, error)
            raise
        yield Close(source)

    def _unless_interrupted(self, error: Exception) -> Exception:
        """The error; if it came of this run's being interrupted, raise it: the run is over."""
        if isinstance(error, AgentInterruptedError) and self._run.interrupted:
            raise error
        return error

    def _prepared(self, call: ToolCall, from_code: bool) -> Call:
        """The call as a wait. Raises `AgentToolCallError` if there is no such tool, or its arguments don't fit."""
        tool = self._run.tools.get(call.name)
        if tool is None:
            names = ", ".join(self._run.tools)
            raise AgentToolCallError(f"Unknown tool {call.name}, should be one of: {names}.")
        arguments = call.arguments if from_code else self._from_json(tool, call.arguments)
        arguments = tool.validate(arguments)
        function, coroutine = ways_of_tool(tool)
        if isinstance(tool, Tool) and not from_code:
            arguments = {**arguments, "sanitize_inputs_outputs": True}
        return Call(
            None if function is None else within(self._run, function),
            None if coroutine is None else awithin(self._run, coroutine),
            arguments,
            getattr(tool, "timeout", None),
            call.name if getattr(tool, "one_at_a_time", False) else None,
        )

    def _from_json(self, tool: Any, arguments: Any) -> dict[str, Any]:
        """Arguments by name. Text that names a variable of the run's state stands for its value, so that a model
        can hand on what it can't write."""
        if isinstance(arguments, str):
            _refuse_broken_json(tool, arguments)
        named: dict[str, Any] = arguments if isinstance(arguments, dict) else _bound(tool, arguments)
        state = self._run.session.state
        if not state:
            return named
        return {k: state[v] if isinstance(v, str) and v in state else v for k, v in named.items()}


def _refuse_broken_json(tool: Any, text: str) -> None:
    """Raise `AgentToolCallError` for an object that isn't whole, as of a reply that was cut off: it is no value."""
    if not text.lstrip().startswith("{"):
        return
    try:
        json.loads(text)
    except ValueError as error:
        raise AgentToolCallError(
            f"The arguments of {tool.name} are no valid JSON ({error}), so it wasn't called. Write them again, as "
            "one whole JSON object."
        ) from error


def _bound(tool: Any, argument: Any) -> dict[str, Any]:
    """The arguments of a call whose arguments are one bare value."""
    try:
        return tool.bind(() if argument is None else (argument,), {})  # type: ignore[no-any-return]
    except TypeError as error:
        raise AgentToolCallError(f"The arguments of {tool.name} must be given by name: {error}") from error


def _finish(
    effect: CallTools, results: Results, position: int, value: Any = None, error: Exception | None = None
) -> ToolFinished:
    results[position] = ToolResult(effect.calls[position], value, error)
    return ToolFinished(results[position], effect.from_code)


def ways_of_tool(tool: Any) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
    """The blocking and the asynchronous way to call a tool or an agent of the team."""
    if not isinstance(tool, Tool):
        return tool.function, tool.coroutine
    if tool.is_async:
        return None, tool.acall
    return tool, (_at_once(tool) if getattr(tool, "answers_directly", False) else None)


def _at_once(tool: Tool) -> Callable[..., Any]:
    """A tool that takes no time, as a coroutine function: it needs no thread on an event loop."""

    async def called(**arguments: Any) -> Any:
        return tool(**arguments)

    return called
