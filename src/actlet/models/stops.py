"""Stop sequences: which models take them, and cutting the text of those that don't.

A reply ends where the first stop sequence is complete, as at a provider. In a stream the same: text is passed on
as it comes, held back only as far as it could be the beginning of a stop sequence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..messages import ChatMessage

_NO_STOP = re.compile(r"(o3(?!-mini$)([-.].*)?|o4.*|gpt-5.*|(\w+\.)*grok-.*)")


def supports_stop_parameter(model_id: str | None) -> bool:
    """Whether the model takes the `stop` parameter: OpenAI's o3, o4 and gpt-5 families and Grok refuse it."""
    return _NO_STOP.fullmatch((model_id or "").split("/")[-1]) is None


def remove_content_after_stop_sequences(content: str | None, stop_sequences: Sequence[str] | None) -> str | None:
    """The text before the first stop sequence that is complete; None for None."""
    if not content or not stop_sequences:
        return content
    at = _first_stop(content, stop_sequences)
    return content if at is None else content[:at]


def cut_reply(reply: ChatMessage, stop_sequences: Sequence[str] | None) -> None:
    """End a reply before the first stop sequence that is complete, as a provider does."""
    if isinstance(reply.content, str):
        whole, reply.content = reply.content, remove_content_after_stop_sequences(reply.content, stop_sequences)
        if reply.content != whole:
            reply.finish_reason = "stop"


class StopCutter:
    """Cuts streamed text at stop sequences. `stopped` turns true when one is complete: no need to read on."""

    def __init__(self, stop_sequences: Sequence[str] | None) -> None:
        self._stops = [stop for stop in stop_sequences or () if stop]
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """What of the text so far can be passed on now."""
        if self.stopped or not self._stops:
            return "" if self.stopped else text
        text = self._held + text
        at = _first_stop(text, self._stops)
        self.stopped = at is not None
        keep = len(text) - self._undecided(text) if at is None else at
        self._held = "" if self.stopped else text[keep:]
        return text[:keep]

    def flush(self) -> str:
        """What was held back, once the stream has ended."""
        held, self._held = self._held, ""
        return held

    def _undecided(self, text: str) -> int:
        """The length of the longest end of `text` with which a stop sequence begins."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:length]):
                    longest = length
                    break
        return longest


def _first_stop(text: str, stops: Sequence[str]) -> int | None:
    """Where the stop sequence begins that is complete first."""
    found = [(at + len(stop), at) for stop in stops if stop and (at := text.find(stop)) >= 0]
    return min(found)[1] if found else None
