"""Planning: when a plan is made, how it is asked for, and how it is kept.

A plan is asked for at the end of the conversation as it is, so that the prompt's beginning stays what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..memory.memory import MessageView
from ..memory.steps import PlanningStep, TaskStep
from ..messages import ChatMessage, MessageRole, Timing
from ..runs.effects import Generate, Now
from ..runs.events import StepStarted
from ..runs.wrapping import Loop
from .asking import remember, reply_to
from .prompting import populate_template

if TYPE_CHECKING:
    from ..runs.run import Run
    from .agent import MultiStepAgent

END_OF_PLAN = "<end_plan>"


def plan_is_due(agent: MultiStepAgent, number: int, failures: int) -> bool:
    """Whether a plan is made before the step of this number, after so many failed steps in a row."""
    interval, tolerated = agent.planning_interval, agent.replan_on_failure
    regular = interval is not None and (number - 1) % interval == 0
    return regular or (tolerated is not None and failures >= tolerated)


def plan(agent: MultiStepAgent, run: Run) -> Loop:
    """Have the model make a plan, and keep it."""
    started = yield Now()
    yield StepStarted(run.step_number, planning=True)
    messages = planning_messages(agent, run)
    asked = Generate(list(messages), stop_sequences=[END_OF_PLAN], stream=agent.stream_outputs)
    reply = yield from reply_to(asked)
    text = reply.text.replace(END_OF_PLAN, "").strip()
    step = PlanningStep(messages, reply, text, Timing(started, (yield Now())), reply.token_usage)
    yield from remember(run, step)
    yield step


def planning_messages(agent: MultiStepAgent, run: Run) -> MessageView:
    """The messages that ask for the first plan, or for a new one."""
    templates, memory = agent.templates["planning"], run.session.memory
    variables = {
        "task": run.task,
        "tools": agent.tools,
        "managed_agents": agent.managed_agents,
        "remaining_steps": run.max_steps - run.step_number + 1,
    }
    messages = memory.view()
    if not memory.steps or isinstance(memory.steps[-1], TaskStep):
        return messages.followed_by(_request(templates["initial_plan"], variables))
    if templates["update_plan_pre_messages"]:
        before = populate_template(templates["update_plan_pre_messages"], variables)
        summary = [ChatMessage(MessageRole.SYSTEM, before), *memory.write_to_messages(summary_mode=True)]
        messages = MessageView(summary, len(summary))
    return messages.followed_by(_request(templates["update_plan_post_messages"], variables))


def _request(template: str, variables: dict[str, object]) -> ChatMessage:
    return ChatMessage(MessageRole.USER, populate_template(template, variables))
