"""What each effect means for a run: the innermost `perform`, which comes down to the waits of `waits.py`.

Written once for both drivers. It reads the run (its agent's model, tools and callbacks, its session's box) and
writes nothing into it but the tokens that were used.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ..bridges import aiterate
from ..errors import AgentError, AgentInterruptedError, BoxError, InternalError, InterpreterError
from ..execution.box import Box, CodeOutput, Printed, SnippetError, Suspended
from ..memory.callbacks import call_with
from ..memory.steps import as_text
from ..messages import ChatMessage, agglomerate_stream_deltas
from .current import awithin, within
from .effects import CallTools, Check, Effect, Generate, Notify, Now, Prepare, Resume, RunCode
from .events import CodeFinished, CodePrinted, CodeStarted, ModelCalled
from .tool_calls import ToolCaller
from .waits import END, Call, Close, Next, Open, Snippet, Stream
from .wrapping import Left, Performing

if TYPE_CHECKING:
    from .run import Run

Ways = tuple[Callable[..., Any] | None, Callable[..., Any] | None]


class Performer:
    """Performs the effects of one run; tool calls are in `tool_calls.py`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._snippet: Any = None

    def __call__(self, effect: Effect) -> Performing:
        """Perform an effect."""
        return _WAYS[type(effect)](self, effect)

    # The model

    def _generate(self, effect: Generate) -> Performing:
        yield ModelCalled(effect)
        model = self._run.agent.model
        options: dict[str, Any] = {}
        if effect.stop_sequences is not None:
            options["stop_sequences"] = effect.stop_sequences
        if effect.response_format is not None:
            options["response_format"] = effect.response_format
        if effect.tools is not None:
            options["tools_to_call_from"] = list(effect.tools)
        asked = asking(ways_of_model(model, "_stream" if effect.stream else ""), effect.messages, options)
        if effect.stream:
            reply = yield from self._stream(Stream(*asked))
        else:
            reply = checked((yield Call(*asked)), model)
        cost = getattr(model, "cost", None)
        self._run.count(reply.token_usage, None if cost is None else cost(reply.token_usage))
        return reply

    def _stream(self, stream: Stream) -> Generator[Any, Any, ChatMessage]:
        pieces = []
        source = yield Open(stream)
        try:
            while (piece := (yield Next(source))) is not END:
                pieces.append(piece)
                yield piece
        except Exception:
            yield Close(source)
            raise
        yield Close(source)
        reply = agglomerate_stream_deltas(pieces)
        if not any(piece.token_usage for piece in pieces):
            reply.token_usage = None  # the stream didn't tell, which is not the same as nothing
        return reply

    # The box

    def _prepare(self, effect: Prepare) -> Performing:
        box = self._run.session.box
        if isinstance(box, Box):
            _send(box, effect)
        else:
            yield Call(partial(_send, box, effect))

    def _run_code(self, effect: RunCode) -> Performing:
        yield CodeStarted(effect.code)
        box = self._run.session.box
        if isinstance(box, Box):
            self._snippet = yield Open(Snippet(box, effect.code))
            return (yield from self._outcome())
        outcome = yield Call(partial(_run_by_call, box, effect.code))
        yield CodeFinished(outcome)
        return outcome

    def _resume(self, effect: Resume) -> Performing:
        box = self._run.session.box
        if not isinstance(box, Box):
            raise InternalError(f"{box!r} was resumed, and it suspends nothing")
        box.resume(effect.answers)
        return (yield from self._outcome())

    def _outcome(self) -> Generator[Any, Any, CodeOutput | Suspended]:
        while True:
            try:
                outcome = yield Next(self._snippet)
            except AgentInterruptedError as error:
                yield from self._stop_code(error)
                raise
            except Left as left:
                self._tell_printed(left, self._snippet.last)
                raise
            if isinstance(outcome, Printed):
                yield CodePrinted(outcome.text)
                continue
            if isinstance(outcome, CodeOutput):
                yield Close(self._snippet)
                self._snippet = None
                if outcome.error is not None and outcome.error.fatal:
                    raise BoxError(outcome.error.message)
                yield CodeFinished(outcome)
            return outcome  # type: ignore[no-any-return]

    def _stop_code(self, error: AgentInterruptedError) -> Performing:
        """Wait until the snippet has ended, so that nothing of it goes on behind what comes next."""
        self._tell_printed(error, (yield Close(self._snippet)))

    def _tell_printed(self, error: Any, last: Any) -> None:
        """Have the error, whatever it is, say what the snippet had printed."""
        if isinstance(last, CodeOutput):
            error.printed = last.logs

    # The tools, and the user's own code

    def _call_tools(self, effect: CallTools) -> Performing:
        try:
            return (yield from ToolCaller(self._run).perform(effect))
        except AgentInterruptedError as error:
            if effect.from_code:
                yield from self._stop_code(error)
            raise
        except Left as left:
            if effect.from_code:
                self._tell_printed(left, self._snippet.last)
            raise

    def _check(self, effect: Check) -> Performing:
        agent, memory = self._run.agent, self._run.session.memory
        for check in agent.final_answer_checks:
            name = getattr(check, "__name__", repr(check))
            try:
                passed = bool((yield from self._user_code(check, effect.answer, memory, agent=agent)))
            except AgentInterruptedError:
                raise
            except Exception as error:
                raise AgentError(
                    f"Check {name} failed with error: {as_text(error) or type(error).__name__}"
                ) from error
            if not passed:
                raise AgentError(
                    f"Check {name} failed: the answer {as_text(effect.answer, repr):.500} was not accepted."
                )

    def _notify(self, effect: Notify) -> Performing:
        for callback in self._run.agent.step_callbacks.for_step(effect.step):
            yield from self._user_code(callback, effect.step, agent=self._run.agent)

    def _user_code(self, function: Callable[..., Any], *args: Any, **offered: Any) -> Performing:
        called = partial(call_with, function, *args, **offered)
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
            return (yield Call(None, awithin(self._run, called)))
        result = yield Call(within(self._run, called))
        if inspect.isawaitable(result):
            result = yield Call(None, awithin(self._run, partial(_awaited, result)))
        return result

    def _now(self, effect: Now) -> Performing:  # noqa: ARG002
        return time.time()
        yield


_WAYS: dict[type[Effect], Callable[[Performer, Any], Performing]] = {
    Generate: Performer._generate,
    Prepare: Performer._prepare,
    RunCode: Performer._run_code,
    Resume: Performer._resume,
    CallTools: Performer._call_tools,
    Check: Performer._check,
    Notify: Performer._notify,
    Now: Performer._now,
}


def _send(box: Any, effect: Prepare) -> None:
    box.send_variables(dict(effect.variables))
    box.send_tools(dict(effect.tools))


def _run_by_call(executor: Any, code: str) -> CodeOutput:
    """Run a snippet in an executor that isn't a `Box`: whatever it raises is the snippet's failure, but for a
    `BoxError` that isn't an `InterpreterError`: the executor itself can't run anything."""
    try:
        output: CodeOutput = executor(code)
    except Exception as error:
        if isinstance(error, BoxError) and not isinstance(error, InterpreterError):
            raise
        return CodeOutput(error=SnippetError(type(error).__name__, as_text(error)))
    return output


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def checked(reply: Any, model: Any) -> ChatMessage:
    """The reply, if it is one. Raises `TypeError` that says what a model has to return."""
    if isinstance(reply, ChatMessage):
        return reply
    name = type(model).__name__
    if inspect.iscoroutine(reply):
        reply.close()
        raise TypeError(f"{name}.generate is a coroutine function: call it agenerate")
    raise TypeError(f"{name} must reply with a ChatMessage, and replied with {reply!r:.200}")


def asking(ways: Ways, messages: list[ChatMessage], options: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """The ways with what to ask: the messages come first, whatever the model's method calls them, and by name those
    of `options` that it takes. Users' own take what they need."""
    method = ways[0] or ways[1]
    accepted, by_name = _accepted(getattr(method, "__func__", method))
    if accepted is not None:
        options = {name: value for name, value in options.items() if name in accepted}
    if by_name:
        return *ways, {"messages": messages, **options}
    function, coroutine = (None if way is None else partial(way, messages) for way in ways)
    return function, coroutine, options


@lru_cache(maxsize=256)
def _accepted(function: Callable[..., Any]) -> tuple[frozenset[str] | None, bool]:
    """The names of a function's parameters (None: it takes any), and whether it takes messages by name only."""
    parameters = inspect.signature(function).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    messages = parameters.get("messages")
    by_name = messages is not None and messages.kind is messages.KEYWORD_ONLY
    return None if inspect.Parameter.VAR_KEYWORD in kinds else frozenset(parameters), by_name


def ways_of_model(model: Any, kind: str = "") -> Ways:
    """The blocking and the asynchronous way to have `model` reply (`kind`: "" or "_stream").

    Those that the most derived class has itself; the other is None, and left to the driver.
    """
    blocks, awaits = _own_ways(type(model), kind)
    function = getattr(model, "generate" + kind) if blocks else None
    coroutine = getattr(model, "agenerate" + kind) if awaits else None
    if kind and coroutine is None:
        coroutine = partial(_streamed, model)
    return function, coroutine


def _own_ways(model_class: type, kind: str) -> tuple[bool, bool]:
    for cls in model_class.__mro__:
        ways = "generate" + kind in vars(cls), "agenerate" + kind in vars(cls)
        if any(ways):
            return ways
    return True, False


def _streamed(model: Any, *args: Any, **options: Any) -> Any:
    return aiterate(lambda: model.generate_stream(*args, **options))
