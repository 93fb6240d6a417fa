"""The agent that acts by calling tools, as chat APIs have them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from ..errors import AgentError, AgentExecutionError, AgentParsingError, AgentToolExecutionError
from ..execution.text import truncate_content
from ..media import AgentAudio, AgentImage
from ..memory.steps import ActionStep, ToolCall, as_text, described, joined
from ..messages import ChatMessage
from ..models.base import Model
from ..models.parsing import parse_arguments
from ..runs.effects import CallTools, ToolResult
from ..runs.events import ActionOutput, ToolOutput
from ..runs.run import Run
from ..runs.wrapping import Loop
from .agent import MultiStepAgent
from .asking import generate
from .prompting import PromptTemplates

_ALONE = "Not taken as the answer: other calls were made in the same step. Look at their results, then answer."
_STOPPED = "Stopped before it finished."


class ToolCallingAgent(MultiStepAgent):
    """An agent whose model calls one or more tools in each step; several are carried out side by side.

    `max_tool_threads`: how many calls go on at once; None: all of a step. All other parameters are those of
    `MultiStepAgent`.
    """

    prompts = "toolcalling_agent"

    def __init__(
        self,
        tools: Sequence[Any],
        model: Any,
        prompt_templates: PromptTemplates | None = None,
        planning_interval: int | None = None,
        stream_outputs: bool = False,
        max_tool_threads: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            tools=tools,
            model=model,
            prompt_templates=prompt_templates,
            planning_interval=planning_interval,
            stream_outputs=stream_outputs,
            max_tool_threads=max_tool_threads,
            **kwargs,
        )

    def prompt_variables(self) -> dict[str, Any]:
        """What the system prompt's template may use."""
        return super().prompt_variables() | {"list_tools": not getattr(self.model, "native_tool_history", False)}

    @property
    def tools_and_managed_agents(self) -> list[Any]:
        """Everything that the model may call."""
        return [*self.tools.values(), *self.managed_agents.values()]

    def act(self, run: Run, step: ActionStep) -> Loop:
        """One step: the model calls tools, they are carried out."""
        reply = yield from generate(run, step, tools=tuple(run.tools.values()), stream=self.stream_outputs)
        step.model_output = reply.text
        reply = self._with_calls(reply)
        step.model_output = reply.text  # without calls that were written as text: they stand in tool_calls now
        calls = step.tool_calls = _calls(reply)
        outputs = yield from self._carry_out(run, step, calls)
        yield from outputs
        final = next((output for output in outputs if output.is_final_answer), None)
        return ActionOutput(final.output if final else None, final is not None)

    def _with_calls(self, reply: ChatMessage) -> ChatMessage:
        """The reply with its calls as data, also those that it writes as text. Raises `AgentParsingError`."""
        if reply.tool_calls:
            return reply
        model = self.model if hasattr(self.model, "parse_tool_calls") else Model()
        try:
            return model.parse_tool_calls(reply)
        except AgentError:
            raise
        except Exception as error:
            raise AgentParsingError(f"Error while parsing tool call from model output: {as_text(error)}") from error

    def _carry_out(self, run: Run, step: ActionStep, calls: list[ToolCall]) -> Loop:
        """The outputs of all calls, in the order asked; one that fails says so, and its siblings count.

        When it is stopped in the middle, the step still has an observation for every call.
        """
        to_call = _to_call(calls)
        try:
            yield from calls
            results = (yield CallTools(to_call)) if to_call else ()
        except BaseException as stopped:
            self._observe(run, step, calls, getattr(stopped, "results", ()), _STOPPED)
            raise
        failed = next((result for result in results if result.error is not None), None)
        if failed is not None:
            step.error = _as_agent_error(failed)
        return self._observe(run, step, calls, results, _ALONE)

    def _observe(
        self,
        run: Run,
        step: ActionStep,
        calls: list[ToolCall],
        results: Sequence[ToolResult | None],
        otherwise: str,
    ) -> list[ToolOutput]:
        """The outputs of all calls, `otherwise` where there is no result; the step keeps what they say."""
        by_id = {result.call.id: result for result in results if result is not None}
        outputs = [self._output(run, call, by_id.get(call.id), otherwise) for call in calls]
        step.tool_observations = {output.id: output.observation for output in outputs}
        step.observations = joined(step.tool_observations)
        return outputs

    def _output(self, run: Run, call: ToolCall, result: ToolResult | None, otherwise: str) -> ToolOutput:
        if result is None:
            return ToolOutput(call.id, None, False, otherwise, call)
        if result.error is not None:
            return ToolOutput(call.id, None, False, f"Error: {_as_agent_error(result).message}", call)
        if call.name == "final_answer":
            text = truncate_content(as_text(result.value).strip())
            return ToolOutput(call.id, result.value, True, f"Final answer: {text}", call)
        return ToolOutput(call.id, result.value, False, self._observation(run, result.value), call)

    def _observation(self, run: Run, value: Any) -> str:
        """A result as text; an image or a sound is kept in the state, under a name that calls may give."""
        if isinstance(value, AgentImage):
            return self._stored(run, value, "image", "png")
        if isinstance(value, AgentAudio):
            return self._stored(run, value, "audio", "mp3")
        return truncate_content(as_text(value).strip())

    def _stored(self, run: Run, value: Any, stem: str, ending: str) -> str:
        others = (f"{stem}_{number}.{ending}" for number in count(2))
        name = next(name for name in chain([f"{stem}.{ending}"], others) if name not in run.session.state)
        run.session.state[name] = value
        return f"Stored {name!r} in memory."


def _calls(reply: ChatMessage) -> list[ToolCall]:
    """The calls of a reply, each with an id of its own."""
    calls: dict[str, ToolCall] = {}
    for number, call in enumerate(reply.tool_calls or (), start=1):
        identity = call.id or f"call_{number}"
        while identity in calls:
            identity += f"_{number}"
        calls[identity] = ToolCall(call.function.name, parse_arguments(call.function.arguments), identity)
    return list(calls.values())


def _to_call(calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls that are carried out: an answer, and only one, where nothing else is asked for."""
    others = tuple(call for call in calls if call.name != "final_answer")
    return others or tuple(calls[:1])


def _as_agent_error(result: ToolResult) -> AgentError:
    """The error of a call as one that the model may see: it names the tool, or the member of the team."""
    error = result.error
    assert error is not None
    if isinstance(error, AgentExecutionError):
        return error
    failed = AgentToolExecutionError(f"{result.call.name} failed: {described(error)}")
    failed.__cause__ = error
    return failed
