"""What happens when the steps run out."""

import asyncio

import pytest
from agent_support import actions, add, answer, call_answer, caller, code, coder, sent

from actlet import AgentGenerationError, AgentMaxStepsError, TokenUsage
from actlet.agents import load_templates

STEP = code("print('looked')")


def test_the_model_gives_the_best_answer_it_has_in_words():
    agent = coder([STEP, STEP, "About seven."], max_steps=2)
    result = agent.run("How many?", return_full_result=True)
    assert (result.output, result.state, result.success) == ("About seven.", "max_steps_error", False)
    assert isinstance(result.error, AgentMaxStepsError)
    assert result.token_usage == TokenUsage(300, 30)
    assert "no steps left" in sent(agent)
    assert "looked" in sent(agent)


def test_so_it_is_on_a_loop():
    agent = caller([[("add", {"a": 1, "b": 1})], "About two."], [add], max_steps=1)
    assert asyncio.run(agent.arun("How many?")) == "About two."


def test_the_last_words_are_remembered_as_a_step_after_the_last():
    agent = coder([STEP, "About seven."], max_steps=1)
    agent.run("How many?")
    last = actions(agent)[-1]
    assert (last.step_number, last.action_output, last.model_output) == (2, "About seven.", "About seven.")
    assert last.error.message == "Reached max steps."
    assert not last.is_final_answer


def test_a_run_may_have_a_limit_of_its_own():
    agent = coder([STEP, "Seven.", STEP, STEP, answer(7)], max_steps=3)
    assert agent.run("How many?", max_steps=1) == "Seven."
    assert agent.run("How many?") == 7
    assert agent.max_steps == 3


def test_an_answer_at_the_last_step_is_an_answer():
    result = coder([STEP, answer(7)], max_steps=2).run("How many?", return_full_result=True)
    assert (result.output, result.success, result.error) == (7, True, None)


def test_the_request_for_last_words_may_be_ones_own():
    templates = load_templates("code_agent")
    templates["final_answer"] = {"pre_messages": "You are out of steps.", "post_messages": "Answer {{ task }}"}
    agent = coder([STEP, "Seven."], max_steps=1, prompt_templates=templates)
    agent.run("now?")
    assert agent.model.calls[-1].messages[0].text == "You are out of steps."
    assert sent(agent).endswith("Answer now?")


def test_a_model_that_fails_at_its_last_words_ends_the_run_with_its_error():
    with pytest.raises(AgentGenerationError, match="gone"):
        coder([STEP, ValueError("gone")], max_steps=1).run("How many?")


def test_a_session_goes_on_after_its_steps_ran_out():
    agent = coder([STEP, "Seven.", answer(8)], max_steps=1)
    agent.run("How many?")
    assert agent.run("And now?", reset=False) == 8
    assert "Seven." in sent(agent)


def test_steps_count_anew_in_every_run():
    agent = caller([call_answer(1), call_answer(2)], max_steps=1)
    agent.run("One.")
    agent.run("Two.", reset=False)
    assert [step.step_number for step in actions(agent)] == [1, 1]
    assert agent.step_number == 1


def test_the_last_words_are_of_the_type_that_was_asked_for_or_there_is_no_answer():
    result = coder([STEP, "7"], max_steps=1, output_type=int).run("How many?", return_full_result=True)
    assert (result.output, result.state) == (7, "max_steps_error")
    agent = coder([STEP, "About seven."], max_steps=1, output_type=int)
    result = agent.run("How many?", return_full_result=True)
    assert (result.output, result.state) == (None, "max_steps_error")
    assert "Reached max steps." in result.error.message
    assert "not of the type" in result.error.message
    assert actions(agent)[-1].model_output == "About seven."
