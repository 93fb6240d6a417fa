"""What goes to a model and what comes back: messages, tool calls, streamed pieces of them, tokens and time.

Plain values. Nothing here knows a provider: `models/` turns these into what a provider speaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any


class MessageRole(str, Enum):
    """Who says a message. A tool call is said by the assistant, a tool response answers one call."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    TOOL_CALL = "tool-call"
    TOOL_RESPONSE = "tool-response"

    @classmethod
    def roles(cls) -> list[str]:
        """Every role, as text."""
        return [role.value for role in cls]


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one or more model calls.

    `cached_input_tokens` is the part of `input_tokens` that the provider read from its prompt cache, and
    `reasoning_tokens` the part of `output_tokens` that the model spent thinking; both are 0 where unknown.
    """

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )

    def dict(self) -> dict[str, int]:
        """All counts, with the total."""
        return {**asdict(self), "total_tokens": self.total_tokens}


NO_TOKENS = TokenUsage(0, 0)


@dataclass(slots=True)
class Timing:
    """When something started and ended, in seconds since the epoch."""

    start_time: float
    end_time: float | None = None

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it is going on."""
        return None if self.end_time is None else self.end_time - self.start_time

    def dict(self) -> dict[str, float | None]:
        """Start, end and duration."""
        return {"start_time": self.start_time, "end_time": self.end_time, "duration": self.duration}


@dataclass(slots=True)
class ChatMessageToolCallFunction:
    """The function that a model calls: `arguments` is a dict once parsed, or the text that the model wrote."""

    arguments: Any
    name: str
    description: str | None = None


@dataclass(slots=True)
class ChatMessageToolCall:
    """One call of a tool in a model's reply."""

    function: ChatMessageToolCallFunction
    id: str
    type: str = "function"

    def __str__(self) -> str:
        return f"Call: {self.id}: Calling {self.function.name} with arguments: {self.function.arguments}"


@dataclass(slots=True)
class ChatMessage:
    """One message: `content` is text, or a list of parts `{"type": "text"|"image", ...}`, or None.

    `tool_calls` are the calls that an assistant's message makes, `tool_call_id` the call that a tool response
    answers, `raw` the provider's own object, which is never copied or saved. `finish_reason` is why a reply ended,
    in OpenAI's words: "length" where the tokens ran out; None where nobody tells.
    """

    role: MessageRole | str
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[ChatMessageToolCall] | None = None
    raw: Any = field(default=None, repr=False, compare=False)
    token_usage: TokenUsage | None = None
    tool_call_id: str | None = None
    finish_reason: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.role, MessageRole):
            self.role = MessageRole(self.role)
        if self.tool_calls is not None:
            self.tool_calls = [_tool_call(call) for call in self.tool_calls]

    @property
    def text(self) -> str:
        """The text of the content, its parts joined by newlines; "" when there is none."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "\n".join(part["text"] for part in self.content if part.get("type") == "text")

    def dict(self) -> dict[str, Any]:
        """The message as plain data; images stay the objects they are, `raw` is left out."""
        return {
            "role": self.role.value if isinstance(self.role, MessageRole) else self.role,
            "content": self.content,
            "tool_calls": None if self.tool_calls is None else [asdict(call) for call in self.tool_calls],
            "token_usage": None if self.token_usage is None else self.token_usage.dict(),
            "tool_call_id": self.tool_call_id,
            "finish_reason": self.finish_reason,
        }

    def model_dump_json(self) -> str:
        """The message as JSON; what JSON can't say is written as its text."""
        return json.dumps(self.dict(), default=str)

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], raw: Any = None, token_usage: TokenUsage | None = None
    ) -> ChatMessage:
        """A message from its dict. Raises `ValueError` for a role that doesn't exist."""
        usage = data.get("token_usage")
        if token_usage is None and usage:
            token_usage = TokenUsage(**{f.name: usage.get(f.name, 0) for f in fields(TokenUsage)})
        return cls(
            role=data["role"],
            content=data.get("content"),
            tool_calls=data.get("tool_calls"),
            raw=raw,
            token_usage=token_usage,
            tool_call_id=data.get("tool_call_id"),
            finish_reason=data.get("finish_reason"),
        )

    def render_as_markdown(self) -> str:
        """The text, followed by the tool calls as JSON."""
        calls = [{"name": c.function.name, "arguments": c.function.arguments} for c in self.tool_calls or ()]
        return self.text + ("\n" + json.dumps(calls, default=str) if calls else "")


def _tool_call(call: Any) -> ChatMessageToolCall:
    """A tool call from any of the shapes providers and users have: ours, a dict, an SDK's model."""
    if isinstance(call, ChatMessageToolCall):
        return call
    if not isinstance(call, dict):
        call = call.model_dump() if hasattr(call, "model_dump") else call.dict()
    function = call["function"]
    return ChatMessageToolCall(
        function=ChatMessageToolCallFunction(
            arguments=function.get("arguments"), name=function["name"], description=function.get("description")
        ),
        id=call["id"],
        type=call.get("type") or "function",
    )


@dataclass(slots=True)
class ChatMessageToolCallStreamDelta:
    """A piece of the tool call number `index` of a streamed reply."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: ChatMessageToolCallFunction | None = None


@dataclass(slots=True)
class ChatMessageStreamDelta:
    """A piece of a streamed reply: some text, pieces of tool calls, or, at the end, the usage and why it ended."""

    content: str | None = None
    tool_calls: list[ChatMessageToolCallStreamDelta] | None = None
    token_usage: TokenUsage | None = None
    finish_reason: str | None = None


def agglomerate_stream_deltas(
    stream_deltas: Iterable[ChatMessageStreamDelta], role: MessageRole = MessageRole.ASSISTANT
) -> ChatMessage:
    """The message that streamed pieces make up. Raises `ValueError` for a piece of a tool call without an index."""
    text: list[str] = []
    usage, finish_reason = TokenUsage(0, 0), None
    calls: dict[int, ChatMessageToolCall] = {}
    arguments: dict[int, list[str]] = {}
    for delta in stream_deltas:
        if delta.token_usage:
            usage = usage + delta.token_usage
        finish_reason = delta.finish_reason or finish_reason
        if delta.content:
            text.append(delta.content)
        for piece in delta.tool_calls or ():
            if piece.index is None:
                raise ValueError(f"a streamed tool call has no index: {piece!r}")
            call = calls.get(piece.index)
            if call is None:
                call = ChatMessageToolCall(ChatMessageToolCallFunction(arguments="", name=""), id="")
                calls[piece.index], arguments[piece.index] = call, []
            call.id = piece.id or call.id
            call.type = piece.type or call.type
            if piece.function:
                call.function.name = piece.function.name or call.function.name
                arguments[piece.index].append(piece.function.arguments or "")
    for index, call in calls.items():
        call.function.arguments = "".join(arguments[index])
    return ChatMessage(
        role=role,
        content="".join(text),
        tool_calls=[calls[i] for i in sorted(calls)],
        token_usage=usage,
        finish_reason=finish_reason,
    )
