"""A run, drawn on a console while it goes on: an observer of its events.

An observer serves one run at a time and remembers only what it needs to show nothing twice: code that streamed by
isn't drawn again, nor what was printed live, nor messages that had been sent before. It changes nothing and never
speaks to the run. Runs of a team's members are drawn further to the right, with the member's name. `LogLevel` says
what each level shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..execution.text import truncate_content
from ..memory.steps import ActionStep, FinalAnswerStep, PlanningStep, as_text, described
from ..messages import ChatMessage, ChatMessageStreamDelta, MessageRole, TokenUsage
from ..runs.events import (
    CodeFinished,
    CodePrinted,
    CodeStarted,
    ModelCalled,
    Retrying,
    RunFinished,
    RunStarted,
    StepStarted,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from .levels import LogLevel
from .logger import AgentLogger
from .screen import LiveText

if TYPE_CHECKING:
    from rich.console import RenderableType

_LONGEST = 4_000  # characters of a value or an observation; the whole of it is in the memory
_OF_THE_MODEL = (MessageRole.ASSISTANT, MessageRole.TOOL_CALL)


class ConsoleObserver:
    """Draws the events of a run on a logger; of one run at a time."""

    def __init__(self, logger: AgentLogger) -> None:
        self._logger = logger
        self._live: LiveText | None = None
        self._streamed: list[str] = []
        self._sent: Sequence[ChatMessage] = ()
        self._printed = False
        self._told: BaseException | None = None

    def __call__(self, event: Any, run: Any) -> None:
        """Draw an event, if the logger's level shows it."""
        drawn = _DRAWN.get(type(event))
        if drawn is not None and drawn[0] <= self._logger.level:
            drawn[1](self, event, run)

    def _run_started(self, event: RunStarted, run: Any) -> None:
        from .panels import task_panel

        model = run.agent.model
        subtitle = f"{type(model).__name__} - {getattr(model, 'model_id', None) or ''}".rstrip(" -")
        self._log(run, task_panel(event.task, subtitle, run.agent.name))

    def _step_started(self, event: StepStarted, run: Any) -> None:
        from .panels import rule

        self._streamed, self._printed = [], False
        title = "Plan" if event.planning else f"Step {event.number}"
        self._log(run, rule(f"{title} · {run.agent.name}" if run.depth else title))

    def _model_called(self, event: ModelCalled, run: Any) -> None:
        from .panels import messages_panel

        messages, before = event.request.messages, self._sent
        self._sent = messages
        new = [message for message in _unlike(messages, before) if message.role not in _OF_THE_MODEL]
        title = f"Messages to the model: {len(messages)}"
        if new:
            self._log(run, _text(f"{title}. New ones:", "dim"), messages_panel(new), "")
        else:
            self._log(run, _text(f"{title}. None is new.", "dim"))

    def _delta(self, event: ChatMessageStreamDelta, run: Any) -> None:
        if event.content:
            self._streamed.append(event.content)
            self._write(event.content, run)

    def _retrying(self, event: Retrying, run: Any) -> None:
        self._streamed = []
        failed = f"Attempt {event.attempt} failed, again in {event.wait:.1f} s: {described(event.error)}"
        self._log(run, _text(failed, "yellow"))

    def _code_started(self, event: CodeStarted, run: Any) -> None:
        from .panels import code_panel

        self._end_live()
        if event.code.strip() not in "".join(self._streamed):
            self._log(run, code_panel(self._logger.console, "Executing parsed code:", event.code))

    def _code_printed(self, event: CodePrinted, run: Any) -> None:
        if not self._printed:
            self._printed = True
            self._log(run, _text("Execution logs:", "bold"))
        self._write(event.text, run)

    def _code_finished(self, event: CodeFinished, run: Any) -> None:
        self._end_live()
        outcome = event.outcome
        if outcome.logs and not self._printed:
            self._log(
                run, _text("Execution logs:", "bold"), _text(truncate_content(outcome.logs.rstrip(), _LONGEST))
            )
        self._printed = False
        if outcome.shown and outcome.output is not None and not outcome.is_final_answer and outcome.error is None:
            shown = as_text(outcome.output) if outcome.text is None else outcome.text
            self._log(run, _text(f"Out: {truncate_content(shown, _LONGEST)}"))
        for done, names in (("Variables set", outcome.changed), ("Files written", outcome.files)):
            if names:
                listed = truncate_content(", ".join(names), _LONGEST)
                self._log(run, _text(f"{done}: {listed}", "dim"), level=LogLevel.DEBUG)

    def _tool_started(self, event: ToolStarted, run: Any) -> None:
        from .panels import boxed

        name, arguments = event.call.name, truncate_content(as_text(event.call.arguments), _LONGEST)
        if event.from_code:
            self._log(run, _text(f"{name} is called with {arguments}", "dim"), level=LogLevel.DEBUG)
        else:
            self._log(run, boxed(f"Calling tool: {name!r} with arguments: {arguments}"))

    def _tool_finished(self, event: ToolFinished, run: Any) -> None:
        if event.from_code:  # one that a model wrote as JSON is told by its ToolOutput
            result = event.result
            came = f"gave {as_text(result.value)}" if result.error is None else f"failed: {result.error}"
            self._log(run, _text(f"{result.call.name} {truncate_content(came, _LONGEST)}", "dim"))

    def _tool_output(self, event: ToolOutput, run: Any) -> None:
        if not event.is_final_answer:
            observation = truncate_content(event.observation, _LONGEST)
            self._log(run, _text(f"{event.tool_call.name} gave: {observation}"))

    def _planned(self, step: PlanningStep, run: Any) -> None:
        if not self._streamed:
            self._log(run, _text(step.plan))
        self._metrics("Plan", step, run)

    def _acted(self, step: ActionStep, run: Any) -> None:
        if self._logger.shows(LogLevel.DEBUG) and step.model_output_message is not None and not self._streamed:
            said = step.model_output_message.render_as_markdown()
            self._log(run, _text("Output message of the model:", "bold"), _text(said), level=LogLevel.DEBUG)
        self._told = step.error
        if step.error is not None:
            self._log(run, _text(f"Error: {step.error}", "bold red"), level=LogLevel.ERROR)
        self._metrics(f"Step {step.step_number}", step, run)

    def _metrics(self, title: str, step: ActionStep | PlanningStep, run: Any) -> None:
        took = f"Duration {step.timing.duration or 0:.2f} seconds"
        self._log_dim(run, f"{title}: {took}", *_tokens(step.token_usage))

    def _answered(self, step: FinalAnswerStep, run: Any) -> None:
        self._end_live()
        if run.depth:
            self._log(run, _text(f"{run.agent.name} answers: {step.output}", "yellow"))
        else:
            self._logger.log_answer(step.output)

    def _run_finished(self, event: RunFinished, run: Any) -> None:
        self._end_live()
        if event.error is not None:
            ending = _ending(event.error, told=event.error is self._told)
            self._log(run, _text(ending, "bold red"), level=LogLevel.ERROR)
        if not run.depth and run.step_number > 1:
            took, cost = run.timing.duration or 0, run.cost()
            costs = [] if cost is None else [f"Cost: {cost:,.4f}"]
            usage = run.usage if run.usage_known else None
            self._log_dim(run, f"{run.step_number} steps in {took:.2f} seconds", *_tokens(usage), *costs)

    def _log_dim(self, run: Any, *parts: str) -> None:
        if self._logger.shows(LogLevel.INFO):
            self._log(run, _text(f"[{' | '.join(parts)}]", "dim"))

    def _log(self, run: Any, *parts: RenderableType, level: LogLevel = LogLevel.INFO) -> None:
        from .panels import indented

        if not self._logger.shows(level):
            return
        self._end_live()
        self._logger.log(*(indented(part, 2 * run.depth) for part in parts), sep="\n", level=level)

    def _write(self, text: str, run: Any) -> None:
        if self._live is None:
            label = f"{run.agent.name}: " if run.depth else ""
            self._live = self._logger.live(indent="  " * run.depth, label=label)
        self._live.write(text)

    def _end_live(self) -> None:
        if self._live is not None:
            self._live.end()
            self._live = None


def _unlike(messages: Sequence[ChatMessage], before: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    """The messages from the first on that isn't the one in its place `before`."""
    pairs = zip(messages, before, strict=False)
    return messages[sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], pairs)) :]


def _text(text: str, style: str = "") -> RenderableType:
    from .panels import literal

    return literal(text, style)


def _ending(error: BaseException, told: bool) -> str:
    if not isinstance(error, Exception):
        return "The run was stopped."
    if told:
        return "The run ended without an answer."
    return f"The run ended without an answer. {described(error)}".removesuffix(": ")


def _tokens(usage: TokenUsage | None) -> list[str]:
    if usage is None:
        return []
    cached = f" ({usage.cached_input_tokens:,} cached)" if usage.cached_input_tokens else ""
    return [f"Input tokens: {usage.input_tokens:,}{cached}", f"Output tokens: {usage.output_tokens:,}"]


Drawing = Callable[[ConsoleObserver, Any, Any], None]
_DRAWN: dict[type, tuple[int, Drawing]] = {
    ChatMessageStreamDelta: (LogLevel.INFO, ConsoleObserver._delta),
    RunStarted: (LogLevel.INFO, ConsoleObserver._run_started),
    StepStarted: (LogLevel.INFO, ConsoleObserver._step_started),
    ModelCalled: (LogLevel.DEBUG, ConsoleObserver._model_called),
    Retrying: (LogLevel.INFO, ConsoleObserver._retrying),
    CodeStarted: (LogLevel.INFO, ConsoleObserver._code_started),
    CodePrinted: (LogLevel.INFO, ConsoleObserver._code_printed),
    CodeFinished: (LogLevel.INFO, ConsoleObserver._code_finished),
    ToolStarted: (LogLevel.INFO, ConsoleObserver._tool_started),
    ToolFinished: (LogLevel.DEBUG, ConsoleObserver._tool_finished),
    ToolOutput: (LogLevel.INFO, ConsoleObserver._tool_output),
    PlanningStep: (LogLevel.INFO, ConsoleObserver._planned),
    ActionStep: (LogLevel.ERROR, ConsoleObserver._acted),
    FinalAnswerStep: (LogLevel.INFO, ConsoleObserver._answered),
    RunFinished: (LogLevel.ERROR, ConsoleObserver._run_finished),
}
