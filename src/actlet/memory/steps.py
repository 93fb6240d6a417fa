"""The steps of a session's memory, and the messages that each of them becomes.

Rule: what a step shows to the model follows from its fields alone. Steps are the one mutable value of actlet:
callbacks rewrite them (drop an image, shorten an observation), and what they write is what the model sees next.
So a step keeps the messages it became and forgets them whenever a field is assigned. Assign, then: a list of an
earlier step that is changed in place goes unnoticed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from math import isfinite
from typing import Any

from ..errors import AgentError
from ..messages import (
    ChatMessage,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
    Timing,
    TokenUsage,
)

_LONGEST_INT = 14_000
"""Bits: Python refuses to write much longer integers in decimals."""
_DEEPEST = 100
_MOST_VALUES = 100_000
_MOST_TEXT = 10_000_000


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, as an agent carries it out. `arguments` are by name; for code, the code itself."""

    name: str
    arguments: Any = field(hash=False)
    id: str

    def dict(self) -> dict[str, Any]:
        """The call in the shape that chat APIs use."""
        function = {"name": self.name, "arguments": jsonable(self.arguments)}
        return {"id": self.id, "type": "function", "function": function}


def jsonable(value: Any) -> Any:
    """`value` as data that JSON has; what has no such form becomes its text, and a float that is no finite number
    "NaN", "Infinity" or "-Infinity". Never raises.

    "..." stands for what goes on too long: a value that holds itself, and everything after `_MOST_VALUES` values or
    `_MOST_TEXT` characters, so that a value that holds another one many times over isn't written out for ever.
    """
    return _Plain().of(value, ())


class _Plain:
    """Turns one value into plain data, counting what it is made of."""

    def __init__(self) -> None:
        self._values, self._text = _MOST_VALUES, _MOST_TEXT

    def of(self, value: Any, inside: tuple[int, ...]) -> Any:
        self._values -= 1
        if isinstance(value, int) and value.bit_length() > _LONGEST_INT:
            return self._cut(hex(value))
        if isinstance(value, float) and not isfinite(value):
            return json.dumps(value)  # "NaN", "Infinity" or "-Infinity": names that JSON has no numbers for
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self._cut(value)
        if id(value) in inside or len(inside) > _DEEPEST:
            return "..."
        return self._whole(value, (*inside, id(value)))

    def _whole(self, value: Any, inside: tuple[int, ...]) -> Any:
        """A value that may be made of others."""
        if isinstance(value, dict):
            return self._fields(((as_text(key), item) for key, item in value.items()), inside)
        if isinstance(value, list | tuple | set | frozenset):
            return self._items(value, inside)
        if is_dataclass(value) and not isinstance(value, type):
            return self._fields(((each.name, getattr(value, each.name, None)) for each in fields(value)), inside)
        if _is_pydantic(value):
            with suppress(Exception):  # a serializer of the user's own, or a model that holds itself
                return self.of(value.model_dump(), inside)
        return self._cut(as_text(value))

    def _items(self, values: Iterable[Any], inside: tuple[int, ...]) -> list[Any]:
        items: list[Any] = []
        for value in values:
            if self._spent():
                return [*items, "..."]
            items.append(self.of(value, inside))
        return items

    def _fields(self, pairs: Iterable[tuple[str, Any]], inside: tuple[int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if self._spent():
                return {**found, "...": "..."}
            found[self._cut(name)] = self.of(value, inside)
        return found

    def _spent(self) -> bool:
        return self._values <= 0 or self._text <= 0

    def _cut(self, text: str) -> str:
        room, self._text = max(self._text, 0), self._text - len(text)
        return text if len(text) <= room else f"{text[:room]}..."


def _is_pydantic(value: Any) -> bool:
    """Whether this is a pydantic model, found out without importing pydantic."""
    return any(cls.__module__ == "pydantic.main" and cls.__name__ == "BaseModel" for cls in type(value).__mro__)


def as_text(value: Any, show: Callable[[Any], str] = str) -> str:
    """`str(value)` (or `repr`), for values of whatever class. Never raises."""
    try:
        return show(value)
    except Exception as failed:
        raised = f"{show.__name__}() raised {type(failed).__name__}"
        return f"<a {type(value).__name__} that can't be shown: {raised}>"


def described(error: BaseException) -> str:
    """`ValueError: what it says`. Never raises, as `str` of somebody's error may."""
    return f"{type(error).__name__}: {as_text(error)}"


class Rewrites:
    """How often a step was changed after its messages had been made, in the whole process."""

    count = 0


rewrites = Rewrites()
_set = object.__setattr__


Data = dict[str, Any]
Written = dict[int, Data]
"""Messages as plain data, by their `id`."""


class MemoryStep:
    """What a session remembers of one thing that happened."""

    _messages: tuple[ChatMessage, ...] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        _set(self, name, value)
        if self._messages is not None:
            _set(self, "_messages", None)
            rewrites.count += 1

    def dict(self) -> dict[str, Any]:
        """The step as data that `json.dumps` takes."""
        return {name: jsonable(value) for name, value in _public(self).items()}

    def succinct(self) -> Data:
        """`dict()` without what the model was sent."""
        return self.dict()

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """The messages that the model sees of this step; in summary mode, without the model's own words."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it becomes messages")

    def messages(self) -> tuple[ChatMessage, ...]:
        """`to_messages()`, made once and kept until a field is assigned."""
        if self._messages is None:
            _set(self, "_messages", tuple(self.to_messages()))
        return self._messages or ()


@dataclass
class SystemPromptStep(MemoryStep):
    """The system prompt that a session runs under."""

    system_prompt: str

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """One system message; nothing in summary mode."""
        return [] if summary_mode else [ChatMessage(MessageRole.SYSTEM, self.system_prompt)]


@dataclass
class TaskStep(MemoryStep):
    """A task that the session was given, with its images."""

    task: str
    task_images: list[Any] | None = None

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:  # noqa: ARG002
        """One user message; the images ride with it, and only with it."""
        return [_with_images(f"New task:\n{self.task}", self.task_images)]


class TurnStep(MemoryStep):
    """A step for which the model was asked. As plain data it holds all that the model was sent."""

    model_input_messages: Sequence[ChatMessage] | None

    def dict(self, written: Written | None = None) -> Data:
        """The step as plain data, for files and reports. Messages that are `written` already are shared."""
        data = self.succinct()
        messages, known = self.model_input_messages, {} if written is None else written
        sent = None if messages is None else [_written(message, known) for message in messages]
        return {name: sent if name == "model_input_messages" else data[name] for name in _public(self)}

    def succinct(self) -> Data:
        """`dict()` without what the model was sent."""
        return {
            name: _as_data(name, value) for name, value in _public(self).items() if name != "model_input_messages"
        }


@dataclass
class PlanningStep(TurnStep):
    """A plan that the model made."""

    model_input_messages: Sequence[ChatMessage] | None
    model_output_message: ChatMessage
    plan: str
    timing: Timing
    token_usage: TokenUsage | None = None

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """The plan, and the word to carry it out; nothing in summary mode, so that a new plan starts afresh."""
        if summary_mode:
            return []
        return [
            ChatMessage(MessageRole.ASSISTANT, self.plan),
            ChatMessage(MessageRole.USER, "Now carry out this plan, one step at a time."),
        ]


@dataclass
class ActionStep(TurnStep):
    """One turn: what the model said, what was done about it, and what came of it.

    `observations` is the text that the model is shown. `tool_observations` are the parts of it that answer one tool
    call each (call id to text); they are used while they still make up `observations`, so a callback that rewrites
    `observations` has the last word.
    """

    step_number: int
    timing: Timing
    model_input_messages: Sequence[ChatMessage] | None = None
    tool_calls: list[ToolCall] | None = None
    error: AgentError | None = None
    model_output_message: ChatMessage | None = None
    model_output: str | list[Any] | None = None
    code_action: str | None = None
    observations: str | None = None
    observations_images: list[Any] | None = None
    action_output: Any = None
    token_usage: TokenUsage | None = None
    is_final_answer: bool = False
    tool_observations: dict[str, str] | None = None

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:
        """What was said (unless in summary mode), then what came of it."""
        calls = self._native_calls()
        if summary_mode or not calls:
            return [*([] if summary_mode else self._said()), *self._came_of_it()]
        return [
            ChatMessage(MessageRole.ASSISTANT, self._text() or None, tool_calls=calls),
            *self._answers(calls),
            *self._images(),
        ]

    def _text(self) -> str:
        output = self.model_output
        if isinstance(output, list):
            return ChatMessage(MessageRole.ASSISTANT, output).text
        return (output or "").strip()

    def _said(self) -> list[ChatMessage]:
        text = self._text()
        return [ChatMessage(MessageRole.ASSISTANT, text)] if text else []

    def _came_of_it(self) -> list[ChatMessage]:
        parts = []
        if self.observations is not None:
            parts.append(f"Observation:\n{self.observations}")
        if self.error is not None:
            parts.append(f"Error:\n{self.error.message}")
        if not parts and not self.observations_images:
            return []
        return [_with_images("\n".join(parts), self.observations_images)]

    def _native_calls(self) -> list[ChatMessageToolCall]:
        """The calls that the model itself made; a code action is in its text already."""
        if self.code_action is not None or self.tool_observations is None:
            return []
        return [
            ChatMessageToolCall(ChatMessageToolCallFunction(jsonable(call.arguments), call.name), call.id)
            for call in self.tool_calls or ()
        ]

    def _answers(self, calls: list[ChatMessageToolCall]) -> list[ChatMessage]:
        """A tool response for every call: providers refuse a history in which one is missing."""
        texts = dict(self.tool_observations or {})
        if self.observations != joined(texts):
            texts = {calls[0].id: self.observations or ""}
        answers = [ChatMessage(MessageRole.TOOL_RESPONSE, texts.get(c.id, ""), tool_call_id=c.id) for c in calls]
        if self.error is not None and self.error.message not in (self.observations or ""):
            answers.append(ChatMessage(MessageRole.USER, f"Error:\n{self.error.message}"))
        return answers

    def _images(self) -> list[ChatMessage]:
        images = self.observations_images
        return [_with_images("Images of the observation:", images)] if images else []


@dataclass
class FinalAnswerStep(MemoryStep):
    """The end of a run. It is reported, and not kept in memory: the step that gave the answer is."""

    output: Any

    def to_messages(self, summary_mode: bool = False) -> list[ChatMessage]:  # noqa: ARG002
        """Nothing: the answer is in the step that gave it."""
        return []


def joined(texts: dict[str, str]) -> str:
    """The observations of several tool calls as one text, in the order of the calls."""
    return "\n".join(texts.values()).rstrip("\n")


def _with_images(text: str, images: list[Any] | None) -> ChatMessage:
    if not images:
        return ChatMessage(MessageRole.USER, text)
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    return ChatMessage(MessageRole.USER, parts + [{"type": "image", "image": image} for image in images])


def _public(step: MemoryStep) -> Data:
    return {name: value for name, value in vars(step).items() if not name.startswith("_")}


def _written(message: ChatMessage, written: Written) -> Data:
    data = written.get(id(message))
    if data is None:
        data = written[id(message)] = jsonable(message.dict())
    return data


def _as_data(name: str, value: Any) -> Any:
    """A field of a turn as data; our own values say what they are."""
    if name == "tool_calls":
        return [call.dict() for call in value or ()]
    if name in ("timing", "model_output_message", "token_usage", "error") and value is not None:
        return jsonable(value.dict())
    return jsonable(value)
