"""`FinalAnswerTool`: how a run ends."""

from __future__ import annotations

from typing import Any

from ..tools import Tool


class FinalAnswerTool(Tool):
    """Gives its argument back as the answer of the run.

    `answers_directly` lets a box end the snippet itself, without asking the host to call this tool. A subclass
    whose `forward` does more sets it to False. The answer is what was given: a dict with the key "answer" too.
    """

    name = "final_answer"
    description = "Ends the task with its final answer."
    inputs = {"answer": {"type": "any", "description": ""}}
    output_type = "any"
    answers_directly = True
    spreads_dict = False
    idempotent = True

    def forward(self, answer: Any) -> Any:
        """The answer itself."""
        return answer
