"""`UserInputTool`: asking the person at the terminal."""

from __future__ import annotations

from ..printable import printable
from ..tools import Tool


class UserInputTool(Tool):
    """Asks where `print` prints, and waits for a line on standard input.

    That is standard output, unless `sys.stdout` is something else: in the command `actlet`, whose answers alone go
    to standard output, it is standard error.
    """

    name = "user_input"
    description = "Asks the user a question and returns their reply."
    inputs = {"question": {"type": "string", "description": "what to ask"}}
    output_type = "string"

    def forward(self, question: str) -> str:
        """The line that the user types. Raises `EOFError` where nobody can type one."""
        return input(f"{printable(question)} => Type your answer here:")
