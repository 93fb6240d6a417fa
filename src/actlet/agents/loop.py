"""The loop of every agent: from a task to a final answer.

A generator that performs nothing. It yields effects (`runs/effects.py`) and is sent their results; everything
else that it yields is an event. It does no I/O, reads no clock and prints nothing, so a test can step through it
by hand.
What one step does is the agent's own: `agent.act`.

Whatever ends a step, the memory stays true: a step in which something happened is remembered, with its error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import AgentError, AgentGenerationError, AgentInterruptedError, AgentMaxStepsError
from ..media import handle_agent_output_types
from ..memory.steps import ActionStep, FinalAnswerStep, SystemPromptStep, TaskStep, as_text
from ..messages import ChatMessage, MessageRole, Timing
from ..runs.effects import Check, Generate, Notify, Now
from ..runs.events import ActionOutput, StepStarted
from ..runs.wrapping import Loop
from .asking import remember, reply_to
from .planning import plan, plan_is_due
from .prompting import populate_template

if TYPE_CHECKING:
    from ..runs.run import Run
    from .agent import MultiStepAgent


def carry_out_task(agent: MultiStepAgent, run: Run) -> Loop:
    """A whole run. Returns the final answer."""
    yield from begin(agent, run)
    failures = 0
    for number in range(1, run.max_steps + 1):
        run.step_number = number
        if plan_is_due(agent, number, failures):
            yield from plan(agent, run)
            failures = 0
        step, final = yield from take_step(agent, run, number)
        if final is not None:
            answer = final.output
            break
        failures = failures + 1 if step.error is not None else 0
    else:
        answer = yield from run_out(agent, run)
    final_step = FinalAnswerStep(handle_agent_output_types(answer))
    yield Notify(final_step)
    yield final_step
    return final_step.output


def begin(agent: MultiStepAgent, run: Run) -> Loop:
    """Bring the session up to date and put the task into its memory."""
    session = run.session
    prompt = agent.initialize_system_prompt()
    if prompt != session.memory.system_prompt.system_prompt:
        session.memory.system_prompt = SystemPromptStep(prompt)
    session.state.update(run.additional_args)
    yield Notify(session.memory.system_prompt)
    yield from agent.prepare(run)
    yield from remember(run, TaskStep(run.task + described(run.additional_args), run.images or None))


def described(additional_args: Mapping[str, Any]) -> str:
    """What the model is told of the variables that came with the task."""
    if not additional_args:
        return ""
    lines = [f"- {name}: {type(value).__name__} = {previewed(value)}" for name, value in additional_args.items()]
    return "\n\nThese variables are defined, under these names:\n" + "\n".join(lines)


def previewed(value: object) -> str:
    """The beginning of a value, which says so where it is only the beginning."""
    text = as_text(value, repr)
    return text if len(text) <= 300 else f"{text[:300]} ... ({len(text):,} characters in all)"


def take_step(agent: MultiStepAgent, run: Run, number: int) -> Loop:
    """One step. Returns it, with the final answer if it gave one."""
    step = ActionStep(step_number=number, timing=Timing((yield Now())))
    yield StepStarted(number)
    final, fatal = None, None
    try:
        output = yield from agent.act(run, step)
        if output.is_final_answer:
            output = final = yield from accept(agent, step, output)
        yield output
    except (AgentGenerationError, AgentInterruptedError) as error:
        step.error = fatal = error
    except AgentError as error:
        step.error = error
    except BaseException:
        left_early(run, step)
        raise
    step.timing.end_time = yield Now()
    yield from remember(run, step)
    yield step
    if fatal is not None:
        raise fatal
    return step, final


def accept(agent: MultiStepAgent, step: ActionStep, output: ActionOutput) -> Loop:
    """The final answer, once it fits its type and passes every check."""
    answer = output.output
    if agent.answer_type is not None:
        answer = agent.answer_type.fit(answer)
    yield Check(answer)
    step.is_final_answer, step.action_output = True, answer
    return ActionOutput(answer, True)


def left_early(run: Run, step: ActionStep) -> None:
    """The run was abandoned in the middle of a step: keep what had happened of it."""
    if step.model_output is None:
        return
    step.error = AgentInterruptedError("The run was stopped here, before this step had ended.")
    run.session.memory.steps.append(step)


def run_out(agent: MultiStepAgent, run: Run) -> Loop:
    """The steps have run out: have the model say what can be said, as the last step of the memory.

    Returns those words, as the type that answers are to have; None if they can't be read as it.
    """
    step = ActionStep(step_number=run.max_steps + 1, timing=Timing((yield Now())))
    reply = yield from reply_to(Generate(last_words(agent, run)))
    step.model_output_message, step.token_usage = reply, reply.token_usage
    step.model_output = reply.text
    step.action_output, problem = typed(agent, reply.text)
    run.error = step.error = AgentMaxStepsError(f"Reached max steps.{problem}")
    step.timing.end_time = yield Now()
    yield from remember(run, step)
    yield step
    return step.action_output


def typed(agent: MultiStepAgent, words: str) -> tuple[Any, str]:
    """Words as the type that answers are to have, and "", or None and what is wrong with them."""
    if agent.answer_type is None:
        return words, ""
    try:
        return agent.answer_type.fit(words), ""
    except AgentError as error:
        return None, f" {error.message}"


def last_words(agent: MultiStepAgent, run: Run) -> list[ChatMessage]:
    """The messages that ask for an answer when the steps have run out."""
    templates, messages = agent.templates["final_answer"], run.session.memory.messages()
    if templates["pre_messages"]:
        messages = [ChatMessage(MessageRole.SYSTEM, templates["pre_messages"]), *messages[1:]]
    request = populate_template(templates["post_messages"], {"task": run.task})
    return [*messages, ChatMessage(MessageRole.USER, request)]
