"""`UserInputTool`: asking the person at the terminal."""

from __future__ import annotations

from ..tools import Tool


class UserInputTool(Tool):
    """Asks on standard output, and waits for a line on standard input."""

    name = "user_input"
    description = "Asks the user a question and returns their reply."
    inputs = {"question": {"type": "string", "description": "what to ask"}}
    output_type = "string"

    def forward(self, question: str) -> str:
        """The line that the user types. Raises `EOFError` where nobody can type one."""
        return input(f"{question} => Type your answer here:")
