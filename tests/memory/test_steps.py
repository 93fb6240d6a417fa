"""What each step becomes for the model."""

import pytest
from memory_support import action, call, reply, shapes
from PIL import Image

from actlet import (
    AgentError,
    FinalAnswerStep,
    MemoryStep,
    PlanningStep,
    SystemPromptStep,
    TaskStep,
    Timing,
)
from actlet.memory.steps import joined


def test_a_system_prompt_is_a_system_message_and_no_part_of_a_summary():
    step = SystemPromptStep("Be good.")
    assert shapes(step.to_messages()) == [("system", "Be good.")]
    assert step.to_messages(summary_mode=True) == []


def test_a_task_is_a_user_message_with_its_images():
    picture = Image.new("RGB", (1, 1))
    assert shapes(TaskStep("Go.").to_messages()) == [("user", "New task:\nGo.")]
    parts = TaskStep("Go.", [picture]).to_messages()[0].content
    assert parts == [{"type": "text", "text": "New task:\nGo."}, {"type": "image", "image": picture}]


def test_a_plan_is_said_and_then_ordered_carried_out():
    step = PlanningStep(None, reply("1. Go."), "1. Go.", Timing(1.0))
    said, order = step.to_messages()
    assert (said.role, said.content, order.role) == ("assistant", "1. Go.", "user")
    assert "carry out this plan" in order.content
    assert step.to_messages(summary_mode=True) == []


def test_a_code_action_is_what_was_said_and_what_came_of_it():
    step = action(model_output=" I add.\n<code>\n1+1\n</code>\n", code_action="1+1", observations="2")
    step.tool_calls = [call("python_interpreter")]
    expected = [("assistant", "I add.\n<code>\n1+1\n</code>"), ("user", "Observation:\n2")]
    assert shapes(step.to_messages()) == expected
    assert shapes(step.to_messages(summary_mode=True)) == expected[1:]


def test_observation_and_error_are_one_message():
    step = action(model_output="x", observations="seen", error=AgentError("broken"))
    assert shapes(step.to_messages())[1] == ("user", "Observation:\nseen\nError:\nbroken")


def test_tool_calls_are_native_and_each_has_its_answer():
    step = action(model_output="I add.", tool_calls=[call(a=1), call(identity="c2", a=2)])
    step.tool_observations = {"c1": "1", "c2": "2"}
    step.observations = joined(step.tool_observations)
    said, first, second = step.to_messages()
    assert [one.function.arguments for one in said.tool_calls] == [{"a": 1}, {"a": 2}]
    assert [(m.tool_call_id, m.content) for m in (first, second)] == [("c1", "1"), ("c2", "2")]
    assert shapes(step.to_messages(summary_mode=True)) == [("user", "Observation:\n1\n2")]


def test_observations_that_a_callback_rewrote_have_the_last_word_and_no_call_lacks_its_answer():
    step = action(tool_calls=[call(a=1), call(identity="c2", a=2)], observations="1\n2")
    step.tool_observations = {"c1": "1", "c2": "2"}
    step.observations = "rewritten"
    assert [(m.tool_call_id, m.content) for m in step.to_messages()[1:]] == [("c1", "rewritten"), ("c2", "")]
    step.observations = None
    assert [m.content for m in step.to_messages()[1:]] == ["", ""]


def test_the_error_of_a_call_is_not_said_twice_and_any_other_follows_the_answers():
    step = action(tool_calls=[call(a=1)], tool_observations={"c1": "Error: broken"}, observations="Error: broken")
    step.error = AgentError("broken")
    assert [m.role for m in step.to_messages()] == ["assistant", "tool-response"]
    step.error = AgentError("refused")
    assert shapes(step.to_messages())[-1] == ("user", "Error:\nrefused")


def test_images_of_an_observation_go_with_it():
    picture = Image.new("RGB", (1, 1))
    step = action(model_output="x", observations="seen", observations_images=[picture])
    assert step.to_messages()[1].content[1] == {"type": "image", "image": picture}
    only = action(observations_images=[picture])
    assert [part["type"] for part in only.to_messages()[0].content] == ["image"]


def test_a_step_in_which_nothing_came_about_says_nothing():
    assert action().to_messages() == []


def test_a_final_answer_says_nothing_again():
    assert FinalAnswerStep(1).to_messages() == []


def test_a_step_without_messages_says_so():
    with pytest.raises(NotImplementedError, match="MemoryStep"):
        MemoryStep().to_messages()


def test_messages_are_made_once_until_a_field_is_assigned():
    class Counted(TaskStep):
        made = 0

        def to_messages(self, summary_mode=False):
            type(self).made += 1
            return super().to_messages(summary_mode)

    step = Counted("Go.")
    assert step.messages() is step.messages()
    step.task = "Stay."
    assert step.messages()[0].content == "New task:\nStay."
    assert Counted.made == 2
