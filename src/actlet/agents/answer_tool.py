"""The final answer as a tool, for agents whose answers have a type."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..toolbox import FinalAnswerTool
from ..tools.arguments import Checks
from ..tools.docstrings import Docstring
from ..tools.hints import write_hint
from ..tools.parameters import Facts, Parameter


class TypedAnswerTool(FinalAnswerTool):
    """`final_answer` as models see it when the answer must be of a type.

    It lets every answer through: the run holds them to the type, and says what is wrong. The classes that the type
    is made of stand in the system prompt.
    """

    def __init__(self, output_type: Any) -> None:
        super().__init__()
        self._answer = output_type

    @cached_property
    def facts(self) -> Facts:
        """The answer is of the type."""
        return Facts((Parameter("answer", self._answer),), docstring=Docstring(self.description))

    @cached_property
    def _checks(self) -> Checks:
        return Checks((Parameter("answer"),))

    def to_code_prompt(self) -> str:
        """A typed stub, without the classes."""
        return f'def {self._shown()}:\n    """{self.description}"""'

    def to_tool_calling_prompt(self) -> str:
        """The same in a line."""
        return f"{self._shown()}: {self.description}"

    def _shown(self) -> str:
        return f"{self.name}(answer: {write_hint(self._answer, {})})"
