"""What a run returns when all of it is asked for."""

import asyncio
import copy
import json
import pickle

import pytest
from agent_support import add, answer, call_answer, caller, code, coder

from actlet import RunResult, TaskStep, TokenUsage
from actlet.testing import ScriptedModel


def test_a_full_result_holds_output_state_steps_tokens_and_time():
    agent = coder([code("x = 1"), answer(2)])
    for result in (agent.run("Go.", return_full_result=True),):
        assert (result.output, result.state, result.success, result.error) == (2, "success", True, None)
        assert result.token_usage == TokenUsage(200, 20)
        assert result.timing.duration >= 0
        assert [step.get("step_number") for step in result.steps] == [None, 1, 2]
        assert result.cost is None


def test_it_is_the_same_on_a_loop():
    agent = caller([[("add", {"a": 1, "b": 1})], call_answer(2)], [add])
    result = asyncio.run(agent.arun("Go.", return_full_result=True))
    assert (result.output, result.success, result.token_usage.total_tokens) == (2, True, 220)


def test_an_agent_may_always_give_it():
    agent = coder([answer(1), answer(2)], return_full_result=True)
    assert isinstance(agent.run("Go."), RunResult)
    assert agent.run("Go.", return_full_result=False) == 2


def test_a_full_result_is_data_that_json_can_say():
    agent = caller([[("add", {"a": 1, "b": 1})], call_answer({"set": [1, 2]})], [add])
    data = json.loads(json.dumps(agent.run("Go.", return_full_result=True).dict()))
    assert data["output"] == {"set": [1, 2]}
    assert data["steps"][1]["tool_calls"][0]["function"] == {"name": "add", "arguments": {"a": 1, "b": 1}}
    assert data["token_usage"]["total_tokens"] == 220


def test_the_json_of_a_result_does_not_repeat_the_history_with_every_step():
    agent = coder([code("print('once')"), code("x = 2"), answer(3)])
    result = agent.run("Go.", return_full_result=True)
    assert len(result.steps[-1]["model_input_messages"]) == 6
    data = result.dict()
    assert all("model_input_messages" not in step for step in data["steps"])
    assert json.dumps(data).count("once") == 5  # said, in the reply, as code, as a call, and seen
    assert data["steps"][-1].keys() | {"model_input_messages"} == result.steps[-1].keys()


def test_the_tokens_are_those_of_this_run_only():
    agent = coder([answer(1), answer(2)])
    agent.run("One.")
    assert agent.run("Two.", reset=False, return_full_result=True).token_usage == TokenUsage(100, 10)
    assert agent.monitor.get_total_token_counts() == TokenUsage(200, 20)


def test_tokens_are_unknown_if_the_model_does_not_tell():
    agent = coder(ScriptedModel([answer(1)], usage=None))
    assert agent.run("Go.", return_full_result=True).token_usage is None


def test_what_a_run_costs_is_told_where_the_model_has_prices():
    agent = coder(ScriptedModel([answer(1)], usage=TokenUsage(1_000_000, 100_000), prices=(2.0, 10.0)))
    assert agent.run("Go.", return_full_result=True).cost == pytest.approx(3.0)


def test_the_old_name_of_the_steps_still_works_with_a_warning():
    with pytest.warns(FutureWarning):
        result = RunResult(messages=[{"a": 1}])
    with pytest.warns(FutureWarning):
        assert result.messages == result.steps == [{"a": 1}]
    with pytest.raises(ValueError, match="Cannot specify both"):
        RunResult(messages=[], steps=[])


def test_the_agent_shows_the_memory_and_the_totals_of_its_last_run():
    agent = coder([answer(1), answer(2)])
    assert (agent.task, agent.step_number, agent.memory.steps) == (None, 0, [])
    agent.run("One.")
    agent.run("Two.")
    assert (agent.task, agent.step_number) == ("Two.", 1)
    assert agent.memory.steps[0].task == "Two."
    assert agent.monitor.get_total_token_counts() == TokenUsage(100, 10)
    assert len(agent.monitor.step_durations) == 1
    assert agent.memory.return_full_code() == "final_answer(2)"


def test_a_run_begins_without_steps_that_were_put_into_the_memory_before_it():
    agent = coder([answer(1), answer(2)])
    agent.memory.steps.append(TaskStep("An old task."))
    agent.run("One.")
    assert [step.task for step in agent.memory.steps if isinstance(step, TaskStep)] == ["One."]
    agent.memory.steps.append(TaskStep("By the way."))
    agent.run("Two.", reset=False)
    assert [step.task for step in agent.memory.steps if isinstance(step, TaskStep)] == [
        "One.",
        "By the way.",
        "Two.",
    ]


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy, lambda agent: pickle.loads(pickle.dumps(agent))])
def test_a_copy_of_an_agent_has_its_settings_and_sessions_of_its_own(copy_of):
    agent = coder([answer(1), answer(2)], [add], instructions="Be kind.")
    agent.run("One.")
    copied = copy_of(agent)
    assert copied.system_prompt == agent.system_prompt
    assert copied.memory.steps == []
    assert copied.run("Two.") == 2
    assert agent.memory.steps[0].task == "One."


def test_a_shallow_copy_runs_with_what_was_changed_in_it():
    agent = coder([code("x = 1"), answer(1)])
    copied = copy.copy(agent)
    copied.model, copied.max_steps = ScriptedModel([answer(2)]), 1
    assert copied.run("Go.") == 2
    assert (agent.run("Go."), agent.memory is copied.memory) == (1, False)
