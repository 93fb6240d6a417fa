"""What was used: tokens and time, summed up over a session. Prints nothing: `console.py` does."""

from __future__ import annotations

from typing import Any

from ..messages import TokenUsage


class Monitor:
    """Sums of the steps it is shown.

    `step_durations` are the seconds of each action step. `tracked_model` and `logger` are kept for who reads them.
    """

    def __init__(self, tracked_model: Any = None, logger: Any = None) -> None:
        self.tracked_model, self.logger = tracked_model, logger
        self.reset()

    def reset(self) -> None:
        """Begin again at nothing."""
        self.step_durations: list[float] = []
        self._usage = TokenUsage(0, 0)

    @property
    def total_input_token_count(self) -> int:
        """Tokens sent to models."""
        return self._usage.input_tokens

    @property
    def total_output_token_count(self) -> int:
        """Tokens written by models."""
        return self._usage.output_tokens

    def get_total_token_counts(self) -> TokenUsage:
        """All tokens so far."""
        return self._usage

    def update_metrics(self, step_log: Any) -> None:
        """Add a finished step: its tokens, and its duration if it is an action."""
        if getattr(step_log, "step_number", None) is not None and step_log.timing.duration is not None:
            self.step_durations.append(step_log.timing.duration)
        if step_log.token_usage is not None:
            self.add(step_log.token_usage)

    def add(self, usage: TokenUsage) -> None:
        """Add tokens that were used elsewhere for this session: by a managed agent, say."""
        self._usage = self._usage + usage
