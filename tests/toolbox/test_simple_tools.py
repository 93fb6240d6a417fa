import io
import subprocess
import sys
import threading
import time

import pytest

from actlet.errors import InterpreterError
from actlet.toolbox import TOOL_MAPPING, FinalAnswerTool, PythonInterpreterTool, UserInputTool, get_tool
from actlet.tools import Tool


def test_the_final_answer_is_the_argument_itself():
    answer = object()
    tool = FinalAnswerTool()
    assert tool(answer) is answer
    assert tool(**tool.validate({"answer": answer})) is answer
    assert tool.answers_directly
    assert tool({"answer": 5}) == {"answer": 5}


def test_the_user_is_asked_and_answers(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("blue\n"))
    assert UserInputTool()(question="Which colour?") == "blue"
    assert capsys.readouterr().out == "Which colour? => Type your answer here:"


def test_python_gives_what_it_prints_and_its_value():
    tool = PythonInterpreterTool()
    assert tool(code="print('hi')\n2 + 3") == "Stdout:\nhi\n\nOutput: 5"


def test_nothing_is_left_from_one_call_of_python_to_the_next():
    tool = PythonInterpreterTool()
    tool(code="secret = 1")
    with pytest.raises(InterpreterError, match="secret"):
        tool(code="secret")


def test_an_error_in_python_keeps_what_was_printed():
    with pytest.raises(InterpreterError, match=r"ZeroDivisionError(.|\n)*before"):
        PythonInterpreterTool()(code="print('before')\n1 / 0")


def test_imports_are_those_that_are_authorized():
    with pytest.raises(InterpreterError, match="not allowed"):
        PythonInterpreterTool()(code="import string\nstring.digits")
    allowed = PythonInterpreterTool(authorized_imports=["string"])
    assert allowed(code="import string\nstring.digits").endswith("Output: 0123456789")
    assert "string" in allowed.description


def test_python_stops_when_its_time_is_up_and_leaves_no_thread():
    started = time.monotonic()
    with pytest.raises(InterpreterError, match="maximum execution time"):
        PythonInterpreterTool(timeout_seconds=0.2)(code="while True: pass")
    assert time.monotonic() - started < 3


def test_python_is_called_from_many_threads_at_once():
    tool = PythonInterpreterTool()
    results: list[str] = []
    threads = [threading.Thread(target=lambda n=n: results.append(tool(code=f"x = {n}\nx * 2"))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {f"Stdout:\n\nOutput: {n * 2}" for n in range(8)}


@pytest.mark.parametrize(
    "name", ["final_answer", "user_input", "python_interpreter", "calculator", "table_statistics"]
)
def test_every_tool_of_the_box_is_made_by_its_name(name):
    tool = get_tool(name)
    assert isinstance(tool, Tool)
    assert tool.name == name
    assert tool.to_code_prompt()
    assert tool.json_schema()["function"]["name"] == name


def test_options_go_to_the_tool():
    assert get_tool("sql", database="sqlite://", max_rows=5).max_rows == 5
    with pytest.raises(ValueError, match="there is no tool 'abacus' in the toolbox; it has final_answer"):
        get_tool("abacus")


def test_the_base_tools_are_classes_by_name():
    assert {"python_interpreter": PythonInterpreterTool} == TOOL_MAPPING


def test_importing_the_toolbox_loads_nothing_heavy():
    code = (
        "import actlet.toolbox, sys\n"
        "print([m for m in ('sqlalchemy', 'pydantic', 'asyncio', 'statistics', 'fractions') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
