"""What goes to the model: short, the same from step to step, images once."""

import asyncio
from itertools import pairwise

import pytest
from agent_support import add, answer, call_answer, caller, code, coder, fail, sent, slow_double
from PIL import Image

from actlet import tool


@tool
def find_orders(customer: str, since: str | None = None, limit: int = 20) -> list[dict[str, str]]:
    """Finds the orders of a customer, newest first.

    Args:
        customer: the customer's name
        since: a date as YYYY-MM-DD
        limit: how many at most
    """
    return []


@tool
def exchange_rate(base: str, quote: str) -> float:
    """Tells how much of one currency another one costs.

    Args:
        base: three letters
        quote: three letters
    """
    return 1.0


THREE = [find_orders, exchange_rate, add]


def tokens(text):
    return len(text) / 4


def test_the_prompt_of_a_code_agent_with_three_tools_is_short():
    assert tokens(coder([], THREE).system_prompt) < 900


def test_the_prompt_of_a_tool_calling_agent_is_short():
    assert tokens(caller([], THREE).system_prompt) < 350


@pytest.mark.parametrize("make", [coder, caller])
def test_the_prompt_is_the_same_from_step_to_step_and_from_run_to_run(make):
    final = answer(1) if make is coder else call_answer(1)
    agent = make([code("1/0"), "words", final, final, final], THREE, planning_interval=None)
    agent.run("One.")
    agent.run("Two.", reset=False, additional_args={"x": 1})
    asyncio.run(agent.arun("Three."))
    assert len({call.messages[0].text for call in agent.model.calls}) == 1


def test_every_request_begins_with_the_one_before():
    agent = coder(["plan", code("x = 1"), code("1/0"), "plan", answer(1)], planning_interval=2)
    agent.run("Go.")
    steps = [call.messages for call in agent.model.calls if call.arguments["stop_sequences"] != ["<end_plan>"]]
    for earlier, later in pairwise(steps):
        assert later[: len(earlier)] == earlier[:]


def test_tools_are_shown_to_code_as_typed_signatures_with_what_they_do():
    prompt = coder([], [find_orders, slow_double]).system_prompt
    assert (
        "def find_orders(customer: str, since: str | None = None, limit: int = 20) -> list[dict[str, str]]:"
        in prompt
    )
    assert "since: a date as YYYY-MM-DD" in prompt
    assert "def slow_double(number: int) -> int:" in prompt


def test_a_tool_that_is_added_later_stands_in_the_prompt_of_the_next_run():
    agent = coder([answer(1), code("final_answer(add(1, 1))")])
    agent.run("One.")
    agent.tools["add"] = add
    assert agent.run("Two.") == 2
    assert "def add" not in sent(agent, 0)
    assert "def add" in sent(agent, 1)


def test_instructions_end_the_prompt():
    assert coder([], instructions="Answer in French.").system_prompt.endswith("Answer in French.")
    assert caller([], instructions="Answer in French.").system_prompt.endswith("Answer in French.")


def test_the_model_is_not_told_what_it_was_not_asked():
    agent = coder([code("1/0"), answer(1)], [fail])
    agent.run("Go.")
    assert "retry" not in sent(agent).casefold()
    assert "Last output" not in sent(agent)


def images_in(request):
    contents = [message.content for message in request.messages if isinstance(message.content, list)]
    return [part["image"] for content in contents for part in content if part["type"] == "image"]


@pytest.mark.parametrize("make", [coder, caller])
def test_the_images_of_a_task_go_to_the_model_once_in_each_request_however_many_steps(make):
    picture = Image.new("RGB", (2, 2))
    final = answer(1) if make is coder else call_answer(1)
    agent = make(["words", "words", final])
    agent.run("What is this?", images=[picture])
    assert [images_in(call) for call in agent.model.calls] == [[picture]] * 3
    assert agent.memory.steps[0].task_images == [picture]


def test_sessions_keep_what_was_said_and_agents_keep_nothing():
    agent = coder([answer(1), answer(2), answer(3)])
    with agent.session() as mine, agent.session() as yours:
        mine.run("I am Ada.")
        yours.run("I am Bob.")
        mine.run("Who am I?")
    text = sent(agent)
    assert "Ada" in text
    assert "Bob" not in text
    assert agent.memory.steps == []
