"""A session's memory: the system prompt and the steps, and the messages that they make up.

Rule: building the messages of a step costs what is new, not what is old. The messages are one list that only grows;
a step of the past that was changed, removed or put in makes a new list. Whoever was given the messages of an
earlier moment holds a `MessageView`, a prefix of such a list, so that five hundred steps don't keep five hundred
copies of the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter, is_
from typing import Any, overload

from ..messages import ChatMessage
from .steps import ActionStep, MemoryStep, SystemPromptStep, TaskStep, TurnStep, Written, rewrites

_kept = attrgetter("_messages")


class MessageView(Sequence[ChatMessage]):
    """The first `count` messages of a list that only grows, and those `after` them. Reads like a list."""

    __slots__ = ("_after", "_count", "_messages")

    def __init__(self, messages: list[ChatMessage], count: int, after: tuple[ChatMessage, ...] = ()) -> None:
        self._messages, self._count, self._after = messages, count, after

    def followed_by(self, message: ChatMessage) -> MessageView:
        """These messages and one more."""
        return MessageView(self._messages, self._count, (*self._after, message))

    def _all(self) -> list[ChatMessage]:
        messages = self._messages[: self._count]
        messages += self._after
        return messages

    def __len__(self) -> int:
        return self._count + len(self._after)

    @overload
    def __getitem__(self, index: int) -> ChatMessage: ...
    @overload
    def __getitem__(self, index: slice) -> list[ChatMessage]: ...
    def __getitem__(self, index: int | slice) -> ChatMessage | list[ChatMessage]:
        return self._all()[index]

    def __iter__(self) -> Iterator[ChatMessage]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"MessageView({list(self)!r})"


class AgentMemory:
    """What a session remembers. `steps` is a plain list that users may change as they like."""

    def __init__(self, system_prompt: str) -> None:
        self.system_prompt = SystemPromptStep(system_prompt)
        self.steps: list[MemoryStep] = []
        self._messages: list[ChatMessage] = []
        self._built_of: list[MemoryStep] = []
        self._built_from: list[tuple[ChatMessage, ...]] = []
        self._rewrites = 0

    def reset(self) -> None:
        """Forget every step; the system prompt stays."""
        self.steps = []

    def messages(self) -> list[ChatMessage]:
        """The messages of the system prompt and all steps, as a list of its own."""
        return self._up_to_date()[:]

    def view(self) -> MessageView:
        """The messages as they are now, to be kept: costs nothing however long the history."""
        messages = self._up_to_date()
        return MessageView(messages, len(messages))

    def _up_to_date(self) -> list[ChatMessage]:
        steps = [self.system_prompt, *self.steps]
        if not self._is_beginning_of(steps):
            self._messages, self._built_of, self._built_from = [], [], []
        self._rewrites = rewrites.count
        for step in steps[len(self._built_of) :]:
            messages = step.messages()
            self._built_of.append(step)
            self._built_from.append(messages)
            self._messages.extend(messages)
        return self._messages

    def _is_beginning_of(self, steps: list[MemoryStep]) -> bool:
        """Whether what was built is of the first of these steps, as they are now."""
        if len(steps) < len(self._built_of) or not all(map(is_, steps, self._built_of)):
            return False
        return self._rewrites == rewrites.count or all(map(is_, map(_kept, steps), self._built_from))

    def write_to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """The messages; in summary mode without what the model itself said."""
        if not summary_mode:
            return self.messages()
        steps: list[MemoryStep] = [self.system_prompt, *self.steps]
        return list(chain.from_iterable(step.to_messages(summary_mode=True) for step in steps))

    def keep_last(self, interactions: int) -> None:
        """Forget all but the last `interactions` tasks, with the steps that belong to them."""
        starts = [i for i, step in enumerate(self.steps) if isinstance(step, TaskStep)]
        if len(starts) > interactions:
            self.steps = self.steps[starts[-interactions] :] if interactions else []

    def get_full_steps(self) -> list[dict[str, Any]]:
        """Every step as plain data, with all that the model was sent: a message that it was sent many times is
        one dict in many lists. Don't write them as JSON where steps are many: each would repeat all before it."""
        written: Written = {}
        return [step.dict(written) if isinstance(step, TurnStep) else step.dict() for step in self.steps]

    def get_succinct_steps(self) -> list[dict[str, Any]]:
        """Every step as plain data, without the messages that the model was sent."""
        return [step.succinct() for step in self.steps]

    def return_full_code(self) -> str:
        """All code that the steps ran, in order, separated by blank lines."""
        codes = (step.code_action for step in self.steps if isinstance(step, ActionStep))
        return "\n\n".join(code for code in codes if code is not None)

    def replay(self, logger: Any, detailed: bool = False) -> None:
        """Print what happened, on `logger` (an `AgentLogger`); `detailed` adds what the model was sent."""
        logger.replay(self, detailed=detailed)
