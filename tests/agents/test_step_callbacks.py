"""Callbacks: which steps they are shown, and what their changes do."""

import asyncio
import threading

import pytest
from agent_support import actions, answer, call_answer, caller, code, coder, kinds, sent

from actlet import ActionStep, FinalAnswerStep, MemoryStep, PlanningStep, SystemPromptStep, TaskStep

LOOK = code("print('seen')")


def test_a_list_of_callbacks_is_shown_the_action_steps():
    seen = []
    agent = coder([LOOK, answer(1)], step_callbacks=[seen.append, lambda step, agent: seen.append(agent)])
    agent.run("Go.")
    assert seen == [actions(agent)[0], agent, actions(agent)[1], agent]


def test_every_kind_of_step_is_shown_to_its_callbacks():
    seen = []
    every = dict.fromkeys((SystemPromptStep, TaskStep, PlanningStep, ActionStep, FinalAnswerStep), seen.append)
    coder(["plan", answer(1)], step_callbacks=every, planning_interval=5).run("Go.")
    assert kinds(seen) == ["SystemPromptStep", "TaskStep", "PlanningStep", "ActionStep", "FinalAnswerStep"]


def test_a_callback_of_a_base_class_is_shown_all_of_it_after_those_of_the_class_itself():
    seen = []
    agent = coder(
        [answer(1)],
        step_callbacks={
            MemoryStep: lambda step: seen.append(("any", type(step).__name__)),
            ActionStep: [lambda step: seen.append(("first", "")), lambda step: seen.append(("second", ""))],
        },
    )
    agent.run("Go.")
    at = seen.index(("any", "ActionStep"))
    assert seen[at - 2 : at] == [("first", ""), ("second", "")]


@pytest.mark.parametrize("given", [print, "print", {ActionStep: 3}, [3]])
def test_what_is_no_list_or_dict_of_functions_is_refused(given):
    with pytest.raises(ValueError, match="callback"):
        coder([], step_callbacks=given)


def test_async_callbacks_are_awaited_in_both_ways_of_running():
    seen = []

    async def note(step, agent=None):
        await asyncio.sleep(0)
        seen.append(step.step_number)

    agent = coder([answer(1), answer(1)], step_callbacks=[note])
    agent.run("Go.")
    asyncio.run(agent.arun("Go."))
    assert seen == [1, 1]


def test_what_a_callback_writes_into_the_step_is_what_the_model_sees_next():
    def translate(step):
        step.observations = (step.observations or "").replace("seen", "gesehen")

    for agent in (
        coder([LOOK, answer(1)], step_callbacks=[translate]),
        caller(
            [[("python_interpreter", {"code": "print('seen')"})], call_answer(1)],
            add_base_tools=True,
            step_callbacks=[translate],
        ),
    ):
        agent.run("Go.")
        assert "gesehen" in sent(agent)
        assert "Observation:\nseen" not in sent(agent)


def test_a_callback_may_change_earlier_steps():
    def forget(step, agent):
        for earlier in agent.memory.steps:
            if isinstance(earlier, ActionStep) and earlier.step_number < step.step_number:
                earlier.observations = "(forgotten)"

    agent = coder([LOOK, LOOK, answer(1)], step_callbacks=[forget])
    agent.run("Go.")
    assert "Observation:\nseen" in sent(agent, 1)
    assert sent(agent, 2).count("Observation:\nseen") == sent(agent, 2).count("(forgotten)") == 1


def test_a_callback_may_drop_images_that_have_been_seen():
    from PIL import Image

    def look(step, agent):
        step.observations_images = [Image.new("RGB", (2, 2))]
        for earlier in agent.memory.steps:
            if isinstance(earlier, ActionStep):
                earlier.observations_images = None

    agent = coder([LOOK, LOOK, answer(1)], step_callbacks=[look])
    agent.run("Go.")
    assert images_in(agent.model.calls[2].messages) == 1


def images_in(messages):
    contents = [message.content for message in messages if isinstance(message.content, list)]
    return sum(part["type"] == "image" for content in contents for part in content)


def test_a_callback_may_change_the_task_before_the_model_sees_it():
    def redact(step):
        step.task = step.task.replace("4711", "****")

    agent = coder([answer(1)], step_callbacks={TaskStep: redact})
    agent.run("My code is 4711.")
    assert "****" in sent(agent)
    assert "4711" not in sent(agent)


def test_a_callback_may_change_a_plan():
    def shorten(step):
        step.plan = "Answer."

    agent = coder(["a very long plan", answer(1)], step_callbacks={PlanningStep: shorten}, planning_interval=1)
    agent.run("Go.")
    assert "a very long plan" not in sent(agent)


def test_a_callback_may_change_the_answer_that_is_given():
    def round_it(step):
        step.output = round(step.output)

    assert coder([answer(3.7)], step_callbacks={FinalAnswerStep: round_it}).run("Go.") == 4


def test_a_callback_may_put_steps_into_the_memory():
    def remind(step, agent):
        if step.step_number == 1:
            agent.memory.steps.append(TaskStep("Remember to be brief."))

    agent = coder([LOOK, answer(1)], step_callbacks=[remind])
    agent.run("Go.")
    assert "Remember to be brief." in sent(agent)


def test_a_callback_that_fails_ends_the_run_with_its_error_and_the_step_is_remembered():
    def refuse(step):
        raise PermissionError("not this")

    agent = coder([LOOK, answer(1)], step_callbacks=[refuse])
    with pytest.raises(PermissionError, match="not this"):
        agent.run("Go.")
    assert [step.code_action for step in actions(agent)] == ["print('seen')"]


def test_a_callback_may_interrupt_its_run():
    from actlet import AgentInterruptedError

    agent = coder([LOOK, LOOK, answer(1)], step_callbacks=[lambda step, agent: agent.interrupt()])
    with pytest.raises(AgentInterruptedError):
        agent.run("Go.")
    assert len(agent.model.calls) == 1


def test_callbacks_see_what_was_used_so_far():
    seen = []
    agent = coder(
        [LOOK, answer(1)],
        step_callbacks=[lambda step, agent: seen.append(agent.monitor.get_total_token_counts().total_tokens)],
    )
    agent.run("Go.")
    assert seen == [110, 220]


def test_callbacks_may_be_registered_later():
    seen = []
    agent = coder([answer(1)])
    agent.step_callbacks.register(ActionStep, seen.append)
    agent.run("Go.")
    assert len(seen) == 1


def test_under_concurrency_every_callback_sees_the_memory_of_its_own_run():
    together = threading.Barrier(4, timeout=10)
    seen = {}

    def look(step, agent):
        together.wait()
        seen[agent.task] = (agent.memory.steps[0].task, agent.step_number)

    agent = coder([code(f"final_answer({n})") for n in range(4)], step_callbacks=[look])
    threads = [threading.Thread(target=agent.run, args=(f"task {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {f"task {n}": (f"task {n}", 1) for n in range(4)}
