"""How a run ended, as a value."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from ..errors import AgentError
from ..memory.steps import jsonable
from ..messages import Timing, TokenUsage


@dataclass(init=False)
class RunResult:
    """What `run(..., return_full_result=True)` returns.

    `state` is "success" or "max_steps_error"; `error` is the `AgentMaxStepsError` in the second case. `steps` are
    `memory.get_full_steps()`, as plain data. `token_usage` counts every model call of the run and of the agents
    it had work for it, and is None if a model didn't tell. `cost` is in the currency of the model's `prices`, None
    if it has none.
    """

    output: Any
    state: str | None
    steps: list[dict[str, Any]] | None
    token_usage: TokenUsage | None
    timing: Timing | None
    error: AgentError | None
    cost: float | None

    def __init__(
        self,
        output: Any = None,
        state: str | None = None,
        steps: list[dict[str, Any]] | None = None,
        token_usage: TokenUsage | None = None,
        timing: Timing | None = None,
        messages: list[dict[str, Any]] | None = None,
        error: AgentError | None = None,
        cost: float | None = None,
    ) -> None:
        if messages is not None:
            if steps is not None:
                raise ValueError(
                    "Cannot specify both 'messages' and 'steps': 'messages' is the old name of 'steps'"
                )
            warnings.warn("RunResult(messages=) is deprecated: use steps=", FutureWarning, stacklevel=2)
            steps = messages
        self.output, self.state, self.steps = output, state, steps
        self.token_usage, self.timing, self.error, self.cost = token_usage, timing, error, cost

    @property
    def success(self) -> bool:
        """Whether the agent gave a final answer by itself."""
        return self.state == "success"

    @property
    def messages(self) -> list[dict[str, Any]] | None:
        """The old name of `steps`."""
        warnings.warn("RunResult.messages is deprecated: use .steps", FutureWarning, stacklevel=2)
        return self.steps

    def dict(self) -> dict[str, Any]:
        """The result as data that `json.dumps` takes. Its steps leave out what the model was sent (`steps` has it):
        each would repeat all that came before it."""
        return {
            "output": jsonable(self.output),
            "state": self.state,
            "success": self.success,
            "steps": None if self.steps is None else [_without_sent(step) for step in self.steps],
            "token_usage": None if self.token_usage is None else self.token_usage.dict(),
            "cost": self.cost,
            "timing": None if self.timing is None else self.timing.dict(),
            "error": None if self.error is None else self.error.dict(),
        }


def _without_sent(step: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in step.items() if name != "model_input_messages"}
