"""How a final answer is held to checks and to its type."""

import asyncio
import copy
from dataclasses import dataclass
from typing import Literal, TypedDict

import pytest
from agent_support import actions, answer, call_answer, caller, code, coder, sent
from pydantic import BaseModel, Field, field_validator

from actlet import AgentMemory
from actlet.testing import ProcessExecutor

# Checks


def alone(answer):
    return answer == 2


def with_memory(answer, memory):
    return isinstance(memory, AgentMemory) and answer == 2


def with_agent(answer, memory, agent):
    return agent.max_steps == 20 and answer == 2


def with_agent_only(answer, agent):
    return agent.max_steps == 20 and answer == 2


def with_anything(answer, *args, **kwargs):
    return len(args) == 1 and set(kwargs) == {"agent"} and answer == 2


async def awaited(answer, memory, agent=None):
    await asyncio.sleep(0)
    return answer == 2


class Checker:
    def __call__(self, answer, memory, agent):
        return answer == 2


CHECKS = [alone, with_memory, with_agent, with_agent_only, with_anything, awaited, Checker(), lambda a, m: a == 2]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: getattr(check, "__name__", "object"))
def test_an_answer_that_a_check_refuses_is_not_given(check):
    agent = coder([answer(1), answer(2)], final_answer_checks=[check])
    assert agent.run("Even?") == 2
    first, second = actions(agent)
    assert (first.is_final_answer, second.is_final_answer) == (False, True)
    agent = coder([answer(1), answer(2)], final_answer_checks=[check])
    assert asyncio.run(agent.arun("Even?")) == 2


class Unclear:
    """What a check may return: an array, say, which is neither true nor false."""

    def __bool__(self):
        raise ValueError("neither true nor false")


@pytest.mark.parametrize("kind", [coder, caller])
def test_a_check_whose_verdict_is_neither_true_nor_false_has_failed(kind):
    replies = [answer(1), answer(2)] if kind is coder else [call_answer(1), call_answer(2)]
    agent = kind(replies, final_answer_checks=[lambda given: Unclear() if given == 1 else True])
    assert agent.run("Even?") == 2
    assert "failed with error: neither true nor false" in actions(agent)[0].error.message


def test_a_builtin_may_be_a_check():
    agent = coder([answer(""), answer("yes")], final_answer_checks=[bool])
    assert agent.run("So?") == "yes"
    assert actions(agent)[0].error.message == "Check bool failed: the answer '' was not accepted."


def test_an_answer_that_can_not_show_itself_is_refused_like_any_other():
    class Hidden:
        def __repr__(self):
            raise RuntimeError("no")

    agent = coder([code("final_answer(hidden)"), answer(1)], final_answer_checks=[lambda given: given == 1])
    assert agent.run("So?", additional_args={"hidden": Hidden()}) == 1
    assert "a Hidden that can't be shown" in actions(agent)[0].error.message


def test_the_model_is_told_which_check_failed_and_why():
    def is_even(answer, memory):
        if answer % 2:
            raise ValueError(f"{answer} is odd")
        return True

    agent = caller([call_answer(1), call_answer(2)], final_answer_checks=[is_even])
    assert agent.run("Even?") == 2
    assert actions(agent)[0].error.message == "Check is_even failed with error: 1 is odd"
    assert sent(agent).endswith("Check is_even failed with error: 1 is odd")


def test_a_check_that_says_no_without_a_reason_names_the_answer():
    agent = coder([answer(1), answer(2)], final_answer_checks=[alone])
    agent.run("Even?")
    assert actions(agent)[0].error.message == "Check alone failed: the answer 1 was not accepted."


def test_all_checks_have_to_pass_and_see_the_answer_as_its_type():
    seen = []
    agent = coder([answer("7")], final_answer_checks=[lambda a: seen.append(a) or True] * 2, output_type=int)
    assert agent.run("Go.") == 7
    assert seen == [7, 7]


# Types


class City(BaseModel):
    name: str
    people: int = Field(gt=0)


@dataclass
class Point:
    x: int
    y: int


TYPES = [
    (int, "many", 3, 3),
    (float, None, 3, 3.0),
    (list[str], ["a", 1], ["a"], ["a"]),
    (Literal["yes", "no"], "maybe", "yes", "yes"),
    (City, {"name": "Rome", "people": -1}, {"name": "Rome", "people": 5}, City(name="Rome", people=5)),
    (City, {"name": "Rome"}, '{"name": "Rome", "people": 5}', City(name="Rome", people=5)),
    (list[City], [{"name": "Rome"}], [{"name": "Rome", "people": 5}], [City(name="Rome", people=5)]),
    (Point, {"x": "left", "y": 0}, {"x": 1, "y": 2}, Point(1, 2)),
    (dict[str, int], [1], {"a": 1}, {"a": 1}),
    (int | None, "x", None, None),
]


@pytest.mark.parametrize(("kind", "wrong", "right", "output"), TYPES, ids=[str(t[0]) for t in TYPES])
def test_an_answer_of_the_wrong_type_is_sent_back_and_the_right_one_is_of_that_type(kind, wrong, right, output):
    for agent in (
        coder([answer(wrong), answer(right)], output_type=kind),
        caller([call_answer(wrong), call_answer(right)], output_type=kind),
    ):
        given = agent.run("Go.")
        assert given == output
        assert isinstance(given, type(output))
        assert "not of the type" in actions(agent)[0].error.message
        assert actions(agent)[-1].action_output == output


class Sum(BaseModel):
    answer: int


@pytest.mark.parametrize("executor", ["local", ProcessExecutor])
@pytest.mark.parametrize(
    ("kind", "output"), [(Sum, Sum(answer=5)), (dict, {"answer": 5}), (None, {"answer": 5})], ids=str
)
def test_an_answer_with_a_key_of_the_name_answer_is_what_was_given(kind, output, executor):
    options = {"executor_type": "local"} if executor == "local" else {"executor": executor()}
    agent = coder([answer({"answer": 5})], output_type=kind, max_steps=1, **options)
    assert agent.run("Go.") == output
    agent.close()
    assert caller([call_answer({"answer": 5})], output_type=kind, max_steps=1).run("Go.") == output


def test_the_model_is_told_field_by_field_what_is_wrong():
    agent = coder([answer({"name": 3, "people": 0}), answer({"name": "Rome", "people": 1})], output_type=City)
    assert asyncio.run(agent.arun("Go.")) == City(name="Rome", people=1)
    text = sent(agent)
    assert "- name: Input should be a valid string, not 3" in text
    assert "- people: Input should be greater than 0, not 0" in text


class Stock(BaseModel):
    items: dict[str, int]

    @field_validator("items")
    @classmethod
    def not_empty(cls, items):
        if items["apples"] < 0:
            raise ValueError("less than nothing")
        return items


@pytest.mark.parametrize("wrong", [{"items": {}}, '{"items": {}}'], ids=["data", "text"])
def test_an_answer_that_makes_a_validator_fail_is_sent_back(wrong):
    right = {"items": {"apples": 3}}
    for agent in (
        coder([answer(wrong), answer(right)], output_type=Stock),
        caller([call_answer(wrong), call_answer(right)], output_type=Stock),
    ):
        assert agent.run("Go.") == Stock(**right)
        assert "its check raised KeyError: 'apples'" in actions(agent)[0].error.message


def test_the_prompt_says_what_the_answer_must_be():
    assert "The final answer must be of the type `int`." in coder([], output_type=int).system_prompt
    prompt = caller([], output_type=list[City]).system_prompt
    assert "The final answer must be of the type `list[City]`" in prompt
    assert "class City" in prompt
    assert "people: Annotated[int, gt=0]" in prompt
    assert "must be of the type" not in coder([]).system_prompt


def test_an_object_that_already_is_the_type_passes_as_it_is():
    rome = City(name="Rome", people=5)
    agent = coder([code("final_answer(city)")], output_type=City)
    assert agent.run("Go.", additional_args={"city": rome}) is rome


def test_the_final_answer_tool_shows_the_type_wherever_the_model_sees_it():
    agent = caller([call_answer(City(name="Rome", people=5))], output_type=City)
    schema = agent.tools["final_answer"].json_schema()["function"]["parameters"]
    assert schema["properties"]["answer"]["properties"]["people"] == {"type": "integer", "exclusiveMinimum": 0}
    assert schema["required"] == ["answer"]
    assert agent.tools["final_answer"].to_tool_calling_prompt().startswith("final_answer(answer: City): ")
    assert agent.system_prompt.count("class City") == 1
    prompt = coder([], output_type=list[City] | None).system_prompt
    assert "def final_answer(answer: list[City] | None):" in prompt
    assert prompt.count("class City") == 1


def test_agents_without_a_type_have_the_same_final_answer_tool_and_ones_own_is_kept():
    from actlet import FinalAnswerTool

    class Mine(FinalAnswerTool):
        pass

    assert coder([]).tools["final_answer"] is caller([]).tools["final_answer"]
    assert type(coder([], [Mine()], output_type=int).tools["final_answer"]) is Mine


def test_an_answer_may_be_a_typed_dict():
    class Size(TypedDict):
        width: int

    agent = caller([call_answer({"width": "x"}), call_answer({"width": 3})], output_type=Size)
    assert agent.run("Go.") == {"width": 3}
    assert copy.deepcopy(agent).tools["final_answer"].json_schema() == agent.tools["final_answer"].json_schema()
