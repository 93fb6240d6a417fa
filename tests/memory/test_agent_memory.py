"""A memory's messages: always true, and built in time proportional to what is new."""

import time

import pytest
from memory_support import action, shapes

from actlet import AgentMemory, SystemPromptStep, TaskStep
from actlet.memory import MessageView
from actlet.messages import ChatMessage, MessageRole


class Counted(TaskStep):
    made = 0

    def to_messages(self, summary_mode=False):
        type(self).made += 1
        return super().to_messages(summary_mode)


@pytest.fixture(autouse=True)
def _count_anew():
    Counted.made = 0


def memory_of(*steps):
    memory = AgentMemory("Be good.")
    memory.steps.extend(steps)
    return memory


def texts(messages):
    return [message.text for message in messages]


def test_every_step_becomes_messages_once_however_often_they_are_asked_for():
    memory = memory_of()
    for number in range(100):
        memory.steps.append(Counted(str(number)))
        assert len(memory.view()) == number + 2
        assert len(memory.messages()) == number + 2
    assert Counted.made == 100


def test_a_step_that_was_changed_is_the_only_one_that_is_made_again():
    memory = memory_of(*(Counted(str(number)) for number in range(10)))
    memory.messages()
    memory.steps[3].task = "changed"
    assert texts(memory.messages())[4] == "New task:\nchanged"
    assert Counted.made == 11


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: steps.pop(),
        lambda steps: steps.pop(0),
        lambda steps: steps.clear(),
        lambda steps: steps.reverse(),
        lambda steps: steps.insert(1, TaskStep("new")),
        lambda steps: steps.append(TaskStep("new")),
        lambda steps: steps.__setitem__(0, TaskStep("new")),
        lambda steps: steps.__setitem__(slice(None), [TaskStep("new")]),
        lambda steps: setattr(steps[0], "task", "new"),
    ],
)
def test_whatever_is_done_to_the_steps_the_messages_are_true(change):
    memory = memory_of(*(TaskStep(str(number)) for number in range(3)))
    memory.messages()
    change(memory.steps)
    expected = [message for step in [memory.system_prompt, *memory.steps] for message in step.to_messages()]
    assert memory.messages() == expected


def test_a_new_system_prompt_is_seen():
    memory = memory_of(TaskStep("Go."))
    memory.messages()
    memory.system_prompt = SystemPromptStep("Be quick.")
    assert shapes(memory.messages())[0] == ("system", "Be quick.")
    memory.system_prompt.system_prompt = "Be slow."
    assert shapes(memory.messages())[0] == ("system", "Be slow.")


def test_a_list_of_steps_may_be_put_in_place():
    memory = memory_of(TaskStep("Go."))
    memory.steps = [TaskStep("Stay.")]
    assert texts(memory.messages())[1:] == ["New task:\nStay."]
    memory.reset()
    assert len(memory.messages()) == 1


def test_what_somebody_does_to_the_messages_harms_nobody():
    memory = memory_of(TaskStep("Go."))
    memory.messages().clear()
    assert len(memory.messages()) == 2


# Views


def test_a_view_shows_the_moment_it_was_taken_and_reads_like_a_list():
    memory = memory_of(TaskStep("a"), TaskStep("b"))
    view = memory.view()
    memory.steps.append(TaskStep("c"))
    memory.messages()
    assert isinstance(view, MessageView)
    assert len(view) == 3
    assert texts(view) == ["Be good.", "New task:\na", "New task:\nb"]
    assert view[-1].text == "New task:\nb"
    assert texts(view[1:]) == ["New task:\na", "New task:\nb"]
    assert next(reversed(view)) is view[-1]
    assert view == list(view)
    assert view != memory.messages()
    with pytest.raises(IndexError):
        view[3]


def test_a_view_stays_what_it_was_when_the_past_is_rewritten():
    memory = memory_of(TaskStep("a"))
    view = memory.view()
    memory.steps[0].task = "b"
    memory.messages()
    assert texts(view)[-1] == "New task:\na"


def test_the_views_of_a_growing_memory_share_one_list():
    memory = memory_of()
    views = []
    for number in range(50):
        memory.steps.append(TaskStep(str(number)))
        views.append(memory.view())
    assert len({id(view._messages) for view in views}) == 1


# What is kept


def conversation():
    return memory_of(
        TaskStep("one"), action(1), action(2), TaskStep("two"), action(1), TaskStep("three"), action(1)
    )


@pytest.mark.parametrize(
    ("kept", "tasks"), [(0, []), (1, ["three"]), (2, ["two", "three"]), (9, ["one", "two", "three"])]
)
def test_the_last_interactions_are_kept_whole(kept, tasks):
    memory = conversation()
    memory.keep_last(kept)
    assert [step.task for step in memory.steps if isinstance(step, TaskStep)] == tasks
    assert not memory.steps or isinstance(memory.steps[0], TaskStep)


# Reports


def test_all_code_that_ran_comes_out_in_order():
    memory = memory_of(
        TaskStep("Go."), action(1, code_action="a = 1"), action(2), action(3, code_action="print(a)")
    )
    assert memory.return_full_code() == "a = 1\n\nprint(a)"


def test_full_steps_hold_what_the_model_was_sent_and_succinct_ones_do_not():
    step = action(1, model_input_messages=[ChatMessage(MessageRole.USER, "hello")])
    memory = memory_of(TaskStep("Go."), step)
    full, succinct = memory.get_full_steps(), memory.get_succinct_steps()
    assert full[1]["model_input_messages"][0]["content"] == "hello"
    assert "model_input_messages" not in succinct[1]
    assert succinct[0] == full[0] == {"task": "Go.", "task_images": None}


def test_a_summary_leaves_out_what_the_model_said_itself():
    memory = memory_of(TaskStep("Go."), action(1, model_output="I think.", observations="seen"))
    assert shapes(memory.write_to_messages(summary_mode=True)) == [
        ("user", "New task:\nGo."),
        ("user", "Observation:\nseen"),
    ]
    assert len(memory.write_to_messages()) == 4


def test_what_the_model_was_sent_many_times_is_one_dict_in_many_lists():
    memory = memory_of(TaskStep("Go."))
    for number in range(500):
        sent = memory.view()
        memory.steps.append(
            action(number, model_input_messages=sent, model_output="I look.", observations="x" * 1000)
        )
    started = time.perf_counter()
    full = memory.get_full_steps()
    assert time.perf_counter() - started < 1
    lists = [step["model_input_messages"] for step in full[1:]]
    assert sum(map(len, lists)) > 200_000
    assert len({id(message) for messages in lists for message in messages}) == len(lists[-1])
