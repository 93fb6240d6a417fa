"""When plans are made, and what the model is shown for them."""

import asyncio

import pytest
from agent_support import answer, caller, code, coder, kinds, sent

from actlet import AgentGenerationError, ChatMessage, CodeAgent, LogLevel, PlanningStep, TokenUsage
from actlet.agents import load_templates

STEP = code("x = 1")


def plans(agent):
    return [step for step in agent.memory.steps if isinstance(step, PlanningStep)]


def test_a_plan_is_made_before_the_first_step_and_every_so_many_steps():
    agent = coder(["plan A", STEP, STEP, "plan B", STEP, STEP, "plan C", answer(1)], planning_interval=2)
    agent.run("Go.")
    order = kinds(agent.memory.steps)
    assert order == ["TaskStep", *["PlanningStep", "ActionStep", "ActionStep"] * 2, "PlanningStep", "ActionStep"]
    assert [step.plan for step in plans(agent)] == ["plan A", "plan B", "plan C"]


def test_plans_are_made_on_a_loop_too():
    agent = coder(["plan A", answer(1)], planning_interval=1)
    assert asyncio.run(agent.arun("Go.")) == 1
    assert [step.plan for step in plans(agent)] == ["plan A"]


def test_a_tool_calling_agent_plans_in_words():
    agent = caller(["plan A", [("final_answer", {"answer": 1})]], planning_interval=1)
    assert agent.run("Go.") == 1
    assert "tools_to_call_from" not in {k for k, v in agent.model.calls[0].arguments.items() if v is not None}


def test_a_plan_ends_at_its_end():
    agent = coder(["1. Answer.<end_plan> and so on", answer(1)], planning_interval=1)
    agent.run("Go.")
    assert plans(agent)[0].plan == "1. Answer."
    assert agent.model.calls[0].arguments["stop_sequences"] == ["<end_plan>"]


def test_a_plan_ends_at_its_end_also_if_the_model_heeds_no_stop_sequences():
    class Heedless:
        def generate(self, messages, stop_sequences=None):
            wants_plan = stop_sequences == ["<end_plan>"]
            return ChatMessage("assistant", "1. Answer.\n<end_plan>" if wants_plan else answer(1))

    agent = CodeAgent([], Heedless(), planning_interval=1, verbosity_level=LogLevel.OFF)
    agent.run("Go.")
    assert plans(agent)[0].plan == "1. Answer."


def test_the_model_sees_its_plan_and_is_told_to_carry_it_out():
    agent = coder(["1. Answer.", answer(1)], planning_interval=1)
    agent.run("Go.")
    assert "1. Answer.\nNow carry out this plan" in sent(agent)


def test_an_update_sees_what_was_done_and_how_many_steps_are_left():
    agent = coder(["plan A", code("print('seen')"), STEP, "plan B", answer(1)], planning_interval=2, max_steps=7)
    agent.run("Go.")
    text = sent(agent, 3)
    assert "Observation:\nseen" in text
    assert "5 steps are left" in text


def test_the_steps_left_are_those_of_the_run():
    agent = coder(["plan A", STEP, "plan B", answer(1)], planning_interval=1)
    agent.run("Go.", max_steps=3)
    assert "2 steps are left" in sent(agent, 2)


def test_so_many_failures_in_a_row_make_a_new_plan():
    replies = [code("1/0"), STEP, code("1/0"), code("2/0"), "Try another way.", answer(1)]
    agent = coder(replies, replan_on_failure=2)
    agent.run("Go.")
    assert kinds(agent.memory.steps) == ["TaskStep", *["ActionStep"] * 4, "PlanningStep", "ActionStep"]
    assert "ZeroDivisionError" in sent(agent, 4)


def test_after_a_new_plan_failures_are_counted_anew():
    agent = coder([*[code("1/0")] * 2, "plan", code("1/0"), answer(1)], replan_on_failure=2)
    assert agent.run("Go.") == 1
    assert len(plans(agent)) == 1


def test_the_prompts_of_planning_may_be_ones_own():
    templates = load_templates("code_agent")
    templates["planning"] = {
        "initial_plan": "Plan {{ task }} with {{ tools | length }} tool.",
        "update_plan_pre_messages": "You planned {{ task }}.",
        "update_plan_post_messages": "Again; {{ remaining_steps }} left.",
    }
    agent = coder(
        ["plan A", STEP, "plan B", answer(1)], planning_interval=1, max_steps=4, prompt_templates=templates
    )
    agent.run("it")
    assert sent(agent, 0).endswith("Plan it with 1 tool.")
    assert agent.model.calls[2].messages[0].text == "You planned it."
    assert "plan A" not in sent(agent, 2)
    assert sent(agent, 2).endswith("Again; 3 left.")


def test_the_prompt_of_a_plan_begins_as_that_of_a_step_does():
    agent = coder(["plan", answer(1)], planning_interval=1)
    agent.run("Go.")
    plan, step = (call.messages for call in agent.model.calls)
    assert plan[:2] == step[:2]


def test_the_tokens_of_plans_count():
    agent = coder(["plan", answer(1)], planning_interval=1)
    assert agent.run("Go.", return_full_result=True).token_usage == TokenUsage(200, 20)
    assert plans(agent)[0].token_usage == TokenUsage(100, 10)


def test_a_model_that_fails_to_plan_ends_the_run():
    agent = coder([ValueError("no plans today")], planning_interval=1)
    with pytest.raises(AgentGenerationError, match="no plans today"):
        agent.run("Go.")


def test_a_session_that_goes_on_makes_a_plan_for_its_new_task():
    agent = coder(["plan A", answer(1), "plan B", answer(2)], planning_interval=5)
    agent.prompt_templates["planning"]["initial_plan"] = "Plan {{ task }}"
    agent.run("One.")
    agent.run("Two.", reset=False)
    assert [step.plan for step in plans(agent)] == ["plan A", "plan B"]
    assert sent(agent, 2).endswith("Plan Two.")


def test_after_its_memory_was_emptied_a_run_makes_a_first_plan():
    agent = coder(["plan A", STEP, "plan B", answer(1)], planning_interval=1)
    agent.prompt_templates["planning"]["initial_plan"] = "Plan {{ task }}"
    for event in agent.run("it", stream=True):
        if kinds([event]) == ["ActionStep"]:
            agent.memory.reset()
    assert event.output == 1
    assert sent(agent, 2).endswith("Plan it")
