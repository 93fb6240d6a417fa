"""Mistakes in an agent's settings are errors where the agent is made."""

import pytest
from agent_support import add, answer, caller, code, coder

from actlet import (
    EMPTY_PROMPT_TEMPLATES,
    ChatMessage,
    CodeAgent,
    LogLevel,
    Model,
    MultiStepAgent,
    ToolCallingAgent,
    tool,
)
from actlet.agents import load_templates
from actlet.testing import ScriptedModel


class Replies(Model):
    def generate(self, messages, stop_sequences=None):
        return ChatMessage("assistant", answer(1))


@pytest.mark.parametrize("name", ["two words", "class", "1st", ""])
def test_a_name_that_code_could_not_call_is_refused(name):
    with pytest.raises(ValueError, match="must be a valid Python identifier and not a reserved keyword"):
        coder([], name=name)


def test_what_is_no_tool_is_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"All elements must be instance of BaseTool .*@tool"):
        coder([], [len])
    with pytest.raises(TypeError, match="All elements must be instance of BaseTool"):
        coder([], ["add"])


class Shop:
    @tool
    def count(self, name: str) -> int:
        """Counts."""
        return len(name)


def test_a_method_without_its_object_is_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"<FunctionTool count\(.* is a method without its object: make an object"):
        coder([], [Shop.count])
    assert coder([code("final_answer(count('abc'))")], [Shop().count]).run("Go.") == 3


@pytest.mark.parametrize("setting", ["tools", "managed_agents", "additional_authorized_imports"])
@pytest.mark.parametrize("value", [add, "numpy"])
def test_one_thing_where_a_list_is_asked_for_is_refused_with_the_list(setting, value):
    with pytest.raises(TypeError, match=f"{setting} must be a list: {setting}=\\["):
        CodeAgent(**{"tools": [], "model": ScriptedModel([]), setting: value})


def test_a_tool_among_the_agents_is_refused_with_its_place():
    with pytest.raises(TypeError, match=r"managed_agents must be agents: .*tools=\[...\]"):
        coder([], managed_agents=[add])


@pytest.mark.parametrize("model", ["openai:gpt-4o", None, add])
def test_what_cannot_generate_is_no_model(model):
    with pytest.raises(TypeError, match="model must be an object with a method generate"):
        CodeAgent([], model)


@pytest.mark.parametrize("model", [ScriptedModel, Replies])
def test_the_class_of_a_model_is_refused_with_the_remedy(model):
    with pytest.raises(TypeError, match=rf"not the class {model.__name__}: make one, {model.__name__}\(...\)"):
        CodeAgent([], model)


@pytest.mark.parametrize("checks", [len, "len", [len, "len"]])
def test_checks_that_are_no_list_of_functions_are_refused(checks):
    with pytest.raises(TypeError, match="final_answer_checks must be"):
        coder([], final_answer_checks=checks)


@pytest.mark.parametrize("kind", ["ActionStep", int, 3])
def test_step_callbacks_by_what_is_no_class_of_steps_are_refused(kind):
    with pytest.raises(ValueError, match=r"given by class of steps \(ActionStep, ...\), not by"):
        coder([], step_callbacks={kind: print})


@pytest.mark.parametrize("level", [7, "loud", None])
def test_a_level_that_does_not_exist_is_refused_with_those_that_do(level):
    with pytest.raises(ValueError, match=r"verbosity_level must be one of LogLevel.OFF \(-1\), .*not"):
        CodeAgent([], ScriptedModel([]), verbosity_level=level)


@pytest.mark.parametrize("kind", [7, object(), ScriptedModel, "integer"])
def test_a_type_that_no_answer_can_be_held_to_is_refused(kind):
    with pytest.raises(TypeError, match="output_type must be a type that pydantic knows, not"):
        coder([], output_type=kind)


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(ValueError, match="Each tool or managed_agent should have a unique name! Found twice: add"):
        coder([], [add, add])


def test_an_agent_and_a_tool_of_one_name_are_refused():
    member = coder([], name="add", description="adds")
    with pytest.raises(ValueError, match="unique name"):
        coder([], [add], managed_agents=[member])
    with pytest.raises(ValueError, match="unique name"):
        coder([], [add], name="add")


def test_two_members_of_one_name_are_refused():
    team = [coder([], name="helper", description="helps") for _ in range(2)]
    with pytest.raises(ValueError, match="unique name"):
        coder([], managed_agents=team)


@pytest.mark.parametrize("given", [{}, {"name": "helper"}, {"description": "helps"}])
def test_a_member_without_name_or_description_is_refused(given):
    with pytest.raises(ValueError, match="All managed agents need both a name and a description!"):
        coder([], managed_agents=[coder([], **given)])


@pytest.mark.parametrize("setting", ["max_steps", "planning_interval", "replan_on_failure", "max_tool_threads"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3"])
def test_a_number_that_makes_no_sense_is_refused_by_name(setting, value):
    with pytest.raises(ValueError, match=f"{setting} must be a whole number above 0"):
        coder([], **{setting: value})


def test_streaming_from_a_model_that_cannot_is_refused():
    for kind in (CodeAgent, ToolCallingAgent):
        with pytest.raises(ValueError, match="implements no `generate_stream` method"):
            kind([], Replies(), stream_outputs=True)


def test_an_unknown_box_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"Unsupported executor type: 'wasmm'.*local"):
        coder([], executor_type="wasmm")


@pytest.mark.parametrize("tags", ["html", ("<a>",), ["<a>", "</a>"], 3])
def test_tags_that_are_no_pair_are_refused(tags):
    with pytest.raises(ValueError, match="code_block_tags must be 'markdown' or a pair of tags"):
        coder([], code_block_tags=tags)


def test_an_unknown_parameter_is_refused():
    with pytest.raises(TypeError, match="grammar"):
        coder([], grammar={})


def test_the_system_prompt_is_changed_through_its_template():
    agent = coder([])
    with pytest.raises(AttributeError, match="read-only"):
        agent.system_prompt = "Be good."
    agent.prompt_templates["system_prompt"] = "Be good."
    assert agent.system_prompt == "Be good."


def test_an_agent_of_ones_own_needs_only_to_act():
    from actlet import ActionOutput

    class Echo(MultiStepAgent):
        def act(self, run, step):
            step.observations = run.task
            yield from ()
            return ActionOutput(run.task.upper(), True)

    assert Echo([], Replies(), verbosity_level=LogLevel.OFF).run("hello") == "HELLO"


# Templates


def test_templates_that_lack_keys_are_refused_by_name():
    templates = load_templates("code_agent")
    del templates["planning"]["initial_plan"], templates["final_answer"]
    with pytest.raises(ValueError, match=r"missing.*'planning.initial_plan', 'final_answer'"):
        coder([], prompt_templates=templates)


def test_further_keys_do_no_harm():
    assert coder([answer(1)], prompt_templates={**load_templates("code_agent"), "extra": ""}).run("Go.") == 1


def test_a_template_that_names_an_unknown_variable_fails_when_it_is_first_needed_and_says_which():
    templates = {**EMPTY_PROMPT_TEMPLATES, "system_prompt": "Hello {{ nobody }}"}
    with pytest.raises(ValueError, match=r"Error during jinja template rendering.*nobody"):
        coder([answer(1)], prompt_templates=templates).run("Go.")


def test_templates_in_the_manner_of_smolagents_are_filled_in():
    templates = load_templates("code_agent")
    templates["system_prompt"] = (
        "{%- for tool in tools.values() %}{{ tool.to_code_prompt() }}{% endfor %}"
        "{%- if managed_agents and managed_agents.values() | list %}TEAM{% endif %}"
        "{{ authorized_imports }} {{ code_block_opening_tag }}{{ code_block_closing_tag }}"
    )
    prompt = coder([], [add], prompt_templates=templates).system_prompt
    assert "def add(a: int, b: int) -> int:" in prompt
    assert prompt.endswith("<code></code>")
    assert "TEAM" not in prompt


def test_changing_the_templates_of_one_agent_changes_no_other():
    one, other = coder([]), coder([])
    one.prompt_templates["planning"]["initial_plan"] = "x"
    one.prompt_templates["system_prompt"] = "y"
    assert other.prompt_templates["planning"]["initial_plan"] != "x"
    assert other.system_prompt != "y"


def test_base_tools_are_added_and_never_take_the_place_of_ones_own():
    from actlet import TOOL_MAPPING, tool

    @tool
    def python_interpreter(code: str) -> str:
        """My own."""
        return "own"

    assert set(TOOL_MAPPING) <= set(caller([], add_base_tools=True).tools)
    assert "python_interpreter" not in coder([], add_base_tools=True).tools
    own = caller([], [python_interpreter], add_base_tools=True)
    assert own.tools["python_interpreter"] is python_interpreter


def test_building_an_agent_asks_the_model_nothing():
    model = ScriptedModel([])
    CodeAgent([], model)
    assert model.calls == []


def test_what_follows_from_other_settings_says_so_when_it_is_assigned():
    agent = CodeAgent([], ScriptedModel([]), additional_authorized_imports=["json"])
    agent.additional_authorized_imports.append("csv")
    assert {"json", "csv", "math"} <= set(agent.authorized_imports)
    with pytest.raises(AttributeError, match="additional_authorized_imports: change that"):
        agent.authorized_imports = ["os"]
    assert "csv, datetime" in agent.system_prompt.replace("collections, ", "")
    agent.agent_name = "Clerk"
    assert (agent.agent_name, type(agent).agent_name) == ("Clerk", "CodeAgent")
