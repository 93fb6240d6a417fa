"""What a run reports, in which order."""

import asyncio
from contextlib import aclosing

import pytest
from agent_support import actions, add, answer, call_answer, caller, code, coder, collected, kinds

from actlet import ActionOutput, ActionStep, AgentMaxStepsError, FinalAnswerStep, PlanningStep, ToolCall
from actlet.testing import ScriptedModel


def streamed(agent, task="Go.", **options):
    return list(agent.run(task, stream=True, **options))


def astreamed(agent, task="Go.", **options):
    return asyncio.run(collected(agent.astream(task, **options)))


WAYS = [pytest.param(streamed, id="run"), pytest.param(astreamed, id="astream")]


@pytest.mark.parametrize("way", WAYS)
def test_a_code_agent_reports_call_output_and_step_and_then_the_answer(way):
    events = way(coder([code("x = 1"), answer(2)]))
    step = ["ToolCall", "ActionOutput", "ActionStep"]
    assert kinds(events) == [*step, *step, "FinalAnswerStep"]
    assert events[0] == ToolCall("python_interpreter", "x = 1", "call_1")
    assert [event.is_final_answer for event in events if isinstance(event, ActionStep)] == [False, True]
    assert events[-1].output == 2


@pytest.mark.parametrize("way", WAYS)
def test_streamed_outputs_come_in_pieces_before_the_call(way):
    events = way(coder([answer(2)], stream_outputs=True))
    deltas = [event for event in events if type(event).__name__ == "ChatMessageStreamDelta"]
    assert len(deltas) > 3
    assert kinds(events)[len(deltas) :] == ["ToolCall", "ActionOutput", "ActionStep", "FinalAnswerStep"]
    assert "".join(delta.content for delta in deltas).startswith("I write code.\n<code>\nfinal_answer(2)")


@pytest.mark.parametrize("way", WAYS)
def test_a_tool_calling_agent_reports_all_calls_and_then_all_outputs_in_the_order_asked(way):
    replies = [[("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})], call_answer(10)]
    events = way(caller(replies, [add]))
    first = ["ToolCall", "ToolCall", "ToolOutput", "ToolOutput", "ActionOutput", "ActionStep"]
    assert kinds(events) == [*first, "ToolCall", "ToolOutput", "ActionOutput", "ActionStep", "FinalAnswerStep"]
    assert [event.output for event in events[2:4]] == [3, 7]
    assert events[2].tool_call == events[0]
    assert events[2].observation == "3"


@pytest.mark.parametrize("way", WAYS)
def test_a_plan_is_reported_before_its_step(way):
    events = way(coder(["1. Answer.", answer(1)], planning_interval=3))
    assert kinds(events) == ["PlanningStep", "ToolCall", "ActionOutput", "ActionStep", "FinalAnswerStep"]


@pytest.mark.parametrize("way", WAYS)
def test_a_step_that_failed_is_reported_with_its_error(way):
    events = way(coder([code("1/0"), "just words", answer(1)]))
    expected = ["ToolCall", "ActionStep", "ActionStep", "ToolCall", "ActionOutput", "ActionStep", "FinalAnswerStep"]
    assert kinds(events) == expected
    errors = [event.error for event in events if isinstance(event, ActionStep)]
    assert [type(error).__name__ for error in errors] == ["AgentExecutionError", "AgentParsingError", "NoneType"]


@pytest.mark.parametrize("way", WAYS)
def test_an_output_is_reported_as_the_answer_only_once_it_was_accepted_and_as_its_type(way):
    for agent in (
        coder([answer("many"), answer("7")], output_type=int),
        caller([call_answer("many"), call_answer("7")], output_type=int),
    ):
        events = way(agent)
        outputs = [event for event in events if isinstance(event, ActionOutput)]
        assert outputs == [ActionOutput(7, True)]
        assert kinds(events)[-3:] == ["ActionOutput", "ActionStep", "FinalAnswerStep"]


@pytest.mark.parametrize("way", WAYS)
def test_when_the_steps_run_out_the_last_words_are_a_step_of_their_own_reported_once(way):
    agent = coder([code("x = 1"), code("x = 2"), "It is about 2."], max_steps=2)
    events = way(agent)
    steps = [event for event in events if isinstance(event, ActionStep)]
    assert [step.step_number for step in steps] == [1, 2, 3]
    assert isinstance(steps[-1].error, AgentMaxStepsError)
    assert steps[-1] is actions(agent)[-1]
    assert events[-1].output == "It is about 2."


def test_nothing_happens_before_the_stream_is_iterated_over():
    agent = coder([answer(1)])
    events = agent.run("Go.", stream=True)
    assert agent.model.calls == []
    assert kinds(events)[-1] == "FinalAnswerStep"


def test_a_stream_may_be_left_early_and_what_had_happened_is_remembered():
    agent = coder([code("x = 1"), answer(2), answer(3)])
    for event in agent.run("Go.", stream=True):
        if isinstance(event, ActionStep):
            break
    assert [step.code_action for step in actions(agent)] == ["x = 1"]
    assert agent.run("Go on.", reset=False) == 2


def test_a_step_that_was_left_in_its_middle_is_remembered_with_a_word_on_why():
    agent = coder([code("x = 1"), answer(2)])
    for event in agent.run("Go.", stream=True):
        if isinstance(event, ToolCall):
            break
    step = actions(agent)[0]
    assert step.code_action == "x = 1"
    assert "stopped here" in step.error.message
    assert agent.run("Go on.", reset=False) == 2


def test_streams_that_are_begun_together_share_nothing():
    agent = coder(ScriptedModel([code("x = 1"), code("final_answer(x)")], by="conversation"))
    first, second = agent.run("One.", stream=True), agent.run("Two.", stream=True)
    events = [event for pair in zip(first, second, strict=True) for event in pair]
    assert [event.output for event in events[-2:]] == [1, 1]


def test_a_stream_on_a_loop_may_be_left_early():
    agent = coder([code("x = 1"), answer(2)])

    async def leave():
        async with aclosing(agent.astream("Go.")) as events:
            async for event in events:
                if isinstance(event, ActionStep):
                    return

    asyncio.run(leave())
    assert len(actions(agent)) == 1
    assert agent.run("Go on.", reset=False) == 2


def test_plans_stream_too():
    agent = coder(["1. Answer right away.", answer(1)], planning_interval=1, stream_outputs=True)
    events = streamed(agent)
    first_plan = next(number for number, event in enumerate(events) if isinstance(event, PlanningStep))
    assert set(kinds(events[:first_plan])) == {"ChatMessageStreamDelta"}
    assert events[first_plan].plan == "1. Answer right away."


def test_the_final_answer_step_is_reported_and_not_remembered():
    agent = coder([answer(1)])
    assert isinstance(streamed(agent)[-1], FinalAnswerStep)
    assert kinds(agent.memory.steps) == ["TaskStep", "ActionStep"]
