"""The agent that writes code: what a step does, and what the model is shown of it."""

import asyncio
import json
from dataclasses import dataclass

import pytest
from agent_support import actions, add, answer, code, coder, fail, sent, slow_double

from actlet import (
    AgentExecutionError,
    AgentInterruptedError,
    AgentParsingError,
    AgentText,
    ChatMessage,
    CodeOutput,
    FinalAnswerTool,
    LocalPythonExecutor,
    PythonExecutor,
    tool,
)
from actlet.testing import ProcessExecutor

RUNS = [
    pytest.param(lambda agent, *args, **kwargs: agent.run(*args, **kwargs), id="run"),
    pytest.param(lambda agent, *args, **kwargs: asyncio.run(agent.arun(*args, **kwargs)), id="arun"),
]


@pytest.mark.parametrize("run", RUNS)
def test_the_answer_is_the_value_that_the_code_gives(run):
    assert run(coder([answer({"total": 3.5})]), "Total?") == {"total": 3.5}
    text = run(coder([answer("yes")]), "So?")
    assert text == "yes"
    assert isinstance(text, AgentText)


@pytest.mark.parametrize("run", RUNS)
def test_variables_functions_and_imports_last_from_step_to_step(run):
    agent = coder(
        [code("import math\ndef twice(x):\n    return 2 * x\nn = 4"), code("final_answer(twice(math.sqrt(n)))")]
    )
    assert run(agent, "Compute.") == 4.0


@pytest.mark.parametrize("run", RUNS)
def test_code_calls_tools_also_async_ones_and_in_loops(run):
    agent = coder([code("final_answer([add(i, b=slow_double(i)) for i in range(3)])")], [add, slow_double])
    assert run(agent, "Compute.") == [0, 3, 6]


def test_the_model_is_shown_what_was_printed_and_the_value_of_the_last_expression():
    agent = coder([code("print('three rows')\n[1, 2, 3]"), answer(1)])
    agent.run("Look.")
    assert actions(agent)[0].observations == "three rows\nValue of the last expression: [1, 2, 3]"
    assert sent(agent).endswith("Observation:\nthree rows\nValue of the last expression: [1, 2, 3]")


@pytest.mark.parametrize("quiet", ["x = 5", "print('')", "None", "def f(): return 1"])
def test_where_there_is_nothing_to_show_no_value_is_shown(quiet):
    agent = coder([code(quiet), answer(1)])
    agent.run("Look.")
    assert actions(agent)[0].observations == "(The code ran and printed nothing.)"


def test_what_was_printed_before_an_error_is_kept_with_the_error():
    agent = coder([code("print('before')\nx = 1\n1 / 0\nprint('after')"), code("final_answer(x)")])
    assert agent.run("Divide.") == 1
    step = actions(agent)[0]
    assert step.observations == "before"
    assert isinstance(step.error, AgentExecutionError)
    assert step.error.message == "ZeroDivisionError: division by zero (line 3)"
    assert sent(agent).endswith("Observation:\nbefore\nError:\nZeroDivisionError: division by zero (line 3)")


def test_an_error_deeper_in_the_code_shows_the_way_there():
    agent = coder([code("def half(x):\n    return x / 0\n\nhalf(1)"), answer(1)])
    agent.run("Divide.")
    message = actions(agent)[0].error.message
    assert message.startswith("ZeroDivisionError: division by zero (line 4)")
    assert "line 2" in message
    assert "half" in message


def test_a_syntax_error_is_told_with_its_line():
    agent = coder([code("x = 1\ny = = 2"), answer(1)])
    agent.run("Go.")
    assert "SyntaxError" in actions(agent)[0].error.message
    assert "line 2" in actions(agent)[0].error.message


def test_an_import_that_is_not_authorized_is_told_with_those_that_are():
    agent = coder([code("import subprocess"), answer(1)])
    agent.run("Go.")
    message = actions(agent)[0].error.message
    assert "subprocess" in message
    assert "statistics" in message


def test_authorized_imports_work_and_stand_in_the_prompt():
    agent = coder([code("import json\nfinal_answer(json.dumps({'a': 1}))")], additional_authorized_imports=["json"])
    assert agent.run("Go.") == '{"a": 1}'
    assert "json" in agent.authorized_imports
    assert "json" in agent.system_prompt
    everything = coder([answer(1)], additional_authorized_imports=["*"])
    assert "any that are installed" in everything.system_prompt


def test_an_error_of_a_tool_can_be_caught_by_the_code_and_names_the_tools_own_error():
    caught = "try:\n    fail('no disk')\nexcept Exception as error:\n    final_answer(str(error))"
    assert "no disk" in coder([code(caught)], [fail]).run("Go.")
    agent = coder([code("fail('no disk')"), answer(1)], [fail])
    agent.run("Go.")
    assert "no disk" in actions(agent)[0].error.message


@pytest.mark.parametrize("executor", [LocalPythonExecutor, ProcessExecutor])
def test_an_error_of_a_tool_that_can_not_say_what_it_is_can_be_caught_too(executor):
    class Speechless(Exception):
        def __str__(self):
            raise AttributeError("response")

    @tool
    def stumble() -> str:
        """Stumbles."""
        raise Speechless

    program = "try:\n    stumble()\nexcept Exception as error:\n    final_answer('caught')"
    with coder([code(program)], [stumble], executor=executor(), max_steps=1) as agent:
        assert agent.run("Go.") == "caught"


def test_arguments_that_do_not_fit_a_tool_are_an_error_that_the_model_sees():
    agent = coder([code("add('one', 2)"), code("add(1, c=2)"), answer(1)], [add])
    agent.run("Go.")
    assert "'one'" in actions(agent)[0].error.message
    assert "add" in actions(agent)[1].error.message
    assert "c" in actions(agent)[1].error.message


@pytest.mark.parametrize(
    "handler", ["except Exception:\n    pass", "except BaseException:\n    pass", "except:\n    pass"]
)
def test_no_handler_of_the_code_swallows_the_final_answer(handler):
    agent = coder([code(f"try:\n    final_answer('kept')\n{handler}\nfinal_answer('lost')")])
    assert agent.run("Answer.") == "kept"


def test_nothing_after_the_final_answer_runs():
    seen = []

    @tool
    def note(word: str) -> None:
        """Notes a word."""
        seen.append(word)

    assert coder([code("note('a')\nfinal_answer(1)\nnote('b')")], [note]).run("Go.") == 1
    assert seen == ["a"]


def test_a_final_answer_tool_of_ones_own_makes_the_answer():
    class Rounded(FinalAnswerTool):
        answers_directly = False

        def forward(self, answer):
            return round(answer, 1)

    assert coder([answer(3.14159)], [Rounded()]).run("Pi?") == 3.1


def test_a_decorated_final_answer_may_take_several_arguments():
    @tool
    def final_answer(text: str, sources: list[str]) -> dict[str, object]:
        """Gives the answer with its sources."""
        return {"text": text, "sources": sources}

    agent = coder([code("final_answer('yes', sources=['a'])")], [final_answer])
    assert agent.run("So?") == {"text": "yes", "sources": ["a"]}


def test_an_answer_may_be_any_object():
    @dataclass
    class Point:
        x: int

    @tool
    def locate() -> object:
        """Finds the point."""
        return Point(3)

    assert coder([code("final_answer(locate())")], [locate]).run("Where?") == Point(3)


@pytest.mark.parametrize("name", ["class", "1x", "a b", 3])
def test_additional_args_are_named_as_variables_can_be(name):
    with pytest.raises(ValueError, match="their names must be names"):
        coder([code("final_answer(1)")]).run("Go.", additional_args={name: 1})


def test_additional_args_are_variables_of_the_code_and_the_model_is_told_their_names_and_types():
    agent = coder([code("final_answer(sum(prices) + fee)")])
    assert agent.run("Total?", additional_args={"prices": [1, 2], "fee": 0.5}) == 3.5
    text = sent(agent)
    assert "- prices: list = [1, 2]" in text
    assert "- fee: float = 0.5" in text
    assert agent.state["fee"] == 0.5


def test_text_in_code_is_text_even_if_it_names_a_variable():
    @tool
    def echo(text: str) -> str:
        """Echoes."""
        return text

    assert coder([code("final_answer(echo('k'))")], [echo]).run("Go.", additional_args={"k": "v"}) == "k"


@pytest.mark.parametrize("name", ["class", "1x", "a b", "image.png", 3])
def test_the_name_of_an_argument_must_be_one_of_python_where_it_becomes_a_variable(name):
    with pytest.raises(ValueError, match="additional_args become variables, so their names must be names"):
        coder([answer(1)]).run("Go.", additional_args={name: 1})


def test_an_argument_that_can_not_show_itself_is_told_by_its_type():
    class Hidden:
        def __repr__(self):
            raise RuntimeError("no")

    agent = coder([code("final_answer(type(hidden).__name__)")])
    assert agent.run("Who?", additional_args={"hidden": Hidden()}) == "Hidden"
    assert "- hidden: Hidden = <a Hidden that can't be shown: repr() raised RuntimeError>" in sent(agent)


def test_a_long_argument_is_not_written_out_for_the_model():
    agent = coder([code("final_answer(len(rows))")])
    assert agent.run("How many?", additional_args={"rows": list(range(100_000))}) == 100_000
    assert len(sent(agent)) < 5_000


def test_a_reply_without_code_is_an_error_that_the_model_can_mend():
    agent = coder(["I think it is 42.", answer(42)])
    assert agent.run("Six times seven?") == 42
    step = actions(agent)[0]
    assert isinstance(step.error, AgentParsingError)
    assert step.code_action is None
    assert "between <code> and </code>" in sent(agent)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("begun", ["<code>\nprint('half')\nprint", "```python\nprint('half')\nprint"])
def test_code_that_was_cut_off_is_not_run(begun, stream):
    cut = ChatMessage("assistant", begun, finish_reason="length")
    agent = coder([cut, answer(42)], stream_outputs=stream)
    assert agent.run("Go.") == 42
    step = actions(agent)[0]
    assert isinstance(step.error, AgentParsingError)
    assert "tokens ran out" in step.error.message
    assert (step.code_action, step.model_output) == (None, begun)


def test_code_that_is_whole_runs_though_the_words_after_it_were_cut_off():
    agent = coder([ChatMessage("assistant", answer(42) + " and so I", finish_reason="length")])
    assert agent.run("Go.") == 42


def test_the_models_own_words_stand_in_the_history_once_and_whole():
    agent = coder([code("marker = 1", thought="First thought."), answer(2)])
    agent.run("Go.")
    assert sent(agent).count("marker = 1") == 1
    assert "First thought.\n<code>\nmarker = 1\n</code>" in sent(agent)


def test_the_model_is_stopped_at_the_closing_tag():
    agent = coder([code("final_answer(1)") + "\nObservation: made up"])
    agent.run("Go.")
    assert agent.model.calls[0].arguments["stop_sequences"] == ["Observation:", "</code>"]
    assert actions(agent)[0].model_output == "I write code.\n<code>\nfinal_answer(1)\n</code>"


def test_the_code_may_be_asked_for_in_markdown():
    agent = coder(["Now.\n```python\nfinal_answer(1)\n```"], code_block_tags="markdown")
    assert agent.run("Go.") == 1
    assert "<code>" not in agent.system_prompt
    assert agent.model.calls[0].arguments["stop_sequences"] == ["Observation:"]


def test_the_code_may_be_asked_for_between_any_tags():
    agent = coder(["Now.\n[CODE]\nfinal_answer(1)\n[/CODE]"], code_block_tags=(r"\[CODE\]", r"\[/CODE\]"))
    assert agent.run("Go.") == 1
    assert "\n[CODE]\n" in agent.system_prompt
    assert agent.model.calls[0].arguments["stop_sequences"] == ["Observation:", "[/CODE]"]


def test_structured_outputs_ask_for_json_and_run_its_code():
    replies = ['{"thought": "first", "code": "x = 2"}', "no json", '{"thought": "done", "code": "final_answer(x)"}']
    agent = coder(replies, use_structured_outputs_internally=True)
    assert agent.run("Go.") == 2
    schema = agent.model.calls[0].arguments["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["thought", "code"]
    assert isinstance(actions(agent)[1].error, AgentParsingError)
    assert actions(agent)[0].code_action == "x = 2"


def test_printed_output_is_kept_up_to_the_length_that_is_set():
    agent = coder([code("print('x' * 100_000)"), answer(1)], max_print_outputs_length=1_000)
    agent.run("Go.")
    assert len(actions(agent)[0].observations) < 1_500


ODD = "class Odd:\n    def __repr__(self):\n        raise ValueError('no')\n\n"
VALUES = {
    "a value that can't be shown": "Odd()",
    "a list that holds itself": "around",
    "a number too long to write": "10 ** 6000",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_no_value_of_the_code_is_too_odd_for_a_run(value):
    agent = coder([code(f"{ODD}around = []\naround.append(around)\n{value}"), code(f"final_answer({value})")])
    result = agent.run("Go.", return_full_result=True)
    assert result.success
    assert actions(agent)[0].observations.startswith("Value of the last expression: ")
    assert json.dumps(result.dict())


# The box


def test_the_box_may_be_prepared_before_the_first_run():
    agent = coder([code("final_answer(base + 1)")])
    agent.python_executor.send_variables({"base": 41})
    assert agent.run("Go.") == 42


def test_variables_of_an_earlier_run_are_gone_unless_it_goes_on():
    agent = coder(
        [code("x = 1\nfinal_answer(x)"), code("final_answer(x + 1)"), code("final_answer(x)"), answer("gone")]
    )
    assert agent.run("One.") == 1
    assert agent.run("Two.", reset=False) == 2
    assert agent.run("Three.") == "gone"
    assert "NameError" in actions(agent)[0].error.message


def test_an_executor_of_ones_own_is_used():
    box = LocalPythonExecutor(["json"])
    agent = coder([code("import json\nseen = 7\nfinal_answer(seen)")], executor=box)
    assert agent.run("Go.") == 7
    assert agent.python_executor is box
    assert box.state["seen"] == 7


def test_a_function_may_make_an_executor_for_each_session():
    made = []

    def make():
        made.append(LocalPythonExecutor([]))
        return made[-1]

    agent = coder([code("final_answer(1)")] * 2, executor=make)
    with agent.session() as one, agent.session() as other:
        assert one.run("Go.") == other.run("Go.") == 1
    assert len(made) == 2


def test_boxes_that_a_function_prepares_are_prepared_for_every_run():
    cleaned = []

    class Prepared(LocalPythonExecutor):
        def cleanup(self):
            cleaned.append(self)
            super().cleanup()

    def make():
        box = Prepared([])
        box.send_variables({"base": 41})
        return box

    agent = coder([code("base += 1\nfinal_answer(base)")] * 3, executor=make)
    assert [agent.run("Go."), agent.run("Go."), asyncio.run(agent.arun("Go."))] == [42, 42, 42]
    assert len(cleaned) == 2


def test_the_boxes_of_runs_that_overlapped_are_given_back_when_they_end():
    made, cleaned = [], []

    class Counted(LocalPythonExecutor):
        def __init__(self):
            super().__init__()
            made.append(self)

        def cleanup(self):
            cleaned.append(self)
            super().cleanup()

    agent = coder([answer(1)] * 3, executor=Counted)
    streams = [agent.run(f"task {n}", stream=True) for n in range(3)]
    for stream in streams:
        next(stream)
    for stream in streams:
        list(stream)
    assert len(made) == 3
    assert cleaned == made[:2]


def test_an_executor_that_only_has_the_three_methods_works():
    class Upper(PythonExecutor):
        def send_tools(self, tools):
            self.tools = tools

        def send_variables(self, variables):
            self.variables = variables

        def __call__(self, code_action):
            if "boom" in code_action:
                raise RuntimeError("boom was asked for")
            return CodeOutput(code_action.upper(), "logged", "answer" in code_action)

    executor = Upper()
    agent = coder([code("boom"), code("answer")], [add], executor=executor)
    assert agent.run("Go.", additional_args={"k": 1}) == "ANSWER"
    assert executor.variables == {"k": 1}
    assert {"add", "final_answer"} <= set(executor.tools)
    assert actions(agent)[0].error.message == "RuntimeError: boom was asked for"


def test_runs_that_overlap_never_share_an_executor():
    class Plain(PythonExecutor):
        def send_tools(self, tools): ...
        def send_variables(self, variables): ...
        def __call__(self, code_action):
            return CodeOutput(1, "", True)

    own, plain = LocalPythonExecutor([]), Plain()
    agent = coder([code("x = 1"), code("final_answer('x' in dir())"), code("final_answer(x)")], executor=own)
    first = agent.run("One.", stream=True)
    next(first)
    assert agent.run("Two.") is False
    assert list(first)[-1].output == 1
    agent = coder([code("x = 1")] * 2, executor=plain)
    first = agent.run("One.", stream=True)
    next(first)
    with pytest.raises(RuntimeError, match="give the agent a function that makes one for each session"):
        agent.run("Two.")


def test_leaving_the_agents_block_gives_the_box_back():
    with coder([answer(1)]) as agent:
        assert agent.run("Go.") == 1
    agent.cleanup()


def test_what_a_program_had_printed_when_it_was_interrupted_is_remembered():
    @tool
    def stop() -> None:
        """Stops the agent."""
        agent.interrupt()

    agent = coder([code("print('seen')\nstop()\nprint('unseen')"), answer(5)], [stop])
    with pytest.raises(AgentInterruptedError):
        agent.run("Go.")
    assert actions(agent)[0].observations == "seen"
    assert agent.run("Go on.", reset=False) == 5
    assert "seen" in sent(agent)
