import json
from typing import Any, Literal

import pytest

from actlet.tools import Tool, tool
from actlet.tools.tool import Tool as SameTool

SCALE = 2


@tool
def shout(text: str, mark: Literal["!", "?"] = "!") -> str:
    """Shouts.

    Args:
        text: what
    """
    import re

    return re.sub(r"\s+", " ", text).upper() + json.dumps(mark).strip('"')


class Counter(Tool):
    name = "counter"
    description = "Counts."
    inputs = {"text": {"type": "string", "description": "what"}}
    output_type = "integer"
    output_schema = {"type": "integer"}

    def __init__(self, factor: int = 1) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, text: str) -> int:
        return len(text) * self.factor


@tool
def scaled(x: int) -> int:
    """Uses a variable of its module."""
    return x * SCALE


def test_a_function_tool_goes_to_code_and_back():
    data = shout.to_dict()
    assert data["name"] == "shout"
    assert data["requirements"] == ["actlet"]
    again = Tool.from_dict(json.loads(json.dumps(data)))
    assert again("a  b", "?") == shout("a  b", "?") == "A B?"
    assert again.to_code_prompt() == shout.to_code_prompt()
    assert again.to_dict() == data


def test_a_class_tool_goes_to_code_and_back_and_takes_arguments_again():
    again = Tool.from_dict(Counter().to_dict(), factor=3)
    assert again("ab") == 6
    assert again.output_schema == {"type": "integer"}
    assert isinstance(again, SameTool)


def test_a_tool_whose_code_does_not_stand_alone_is_refused_with_the_name():
    with pytest.raises(ValueError, match=r"Name 'SCALE' is undefined.*Import or define"):
        scaled.to_dict()


def test_packages_that_are_imported_are_required():
    @tool
    def uses(x: Any) -> str:
        """Uses packages."""
        import os

        import numpy.linalg as linalg
        from PIL import Image

        return f"{os} {linalg} {Image}"

    assert uses.to_dict()["requirements"] == ["PIL", "actlet", "numpy"]


def test_saving_writes_what_loads_again(tmp_path):
    shout.save(tmp_path / "out")
    assert (tmp_path / "out" / "requirements.txt").read_text() == "actlet"
    assert Tool.from_code((tmp_path / "out" / "tool.py").read_text())("x") == "X!"


def test_code_without_a_tool_is_refused():
    with pytest.raises(ValueError, match="defines no tool"):
        Tool.from_code("x = 1")
    with pytest.raises(ValueError, match="must contain 'code' key"):
        Tool.from_dict({"name": "x"})
