"""A model that says what it was told to say, for tests and demonstrations.

It is fast, and streams, fails and can be awaited like a real one.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..messages import (
    ChatMessage,
    ChatMessageStreamDelta,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    MessageRole,
    TokenUsage,
)
from .base import Messages, Model, as_delta
from .stops import cut_reply

Reply = Any
"""A text · a `ChatMessage` · a list of tool calls, each `(name, arguments)` or `{"name":, "arguments":}` ·
`{"content":, "tool_calls":}` · an exception, which is raised · a callable, given the messages, that returns one."""


USAGE = TokenUsage(100, 10)


@dataclass(frozen=True, slots=True)
class Request:
    """What a scripted model was asked: the messages, and the other arguments by name."""

    messages: Messages
    arguments: Mapping[str, Any]


class ScriptedModel(Model):
    """Replies with `replies`, in order, or with what the callable `replies` makes of the messages.

    `by="call"`: the n-th call gets the n-th reply. `by="conversation"`: how often the assistant has spoken in the
    messages tells the reply, so that any number of runs go through the script at once, each at its own pace.

    `delay`: seconds before a reply. Streams come in pieces of `chunk_size` characters, `pace` seconds apart.
    `usage`: the tokens of every reply. `record=False` keeps no `calls`. Safe to use from any number of threads and
    tasks. A script that has run out raises `LookupError`.
    """

    native_tool_history = True

    def __init__(
        self,
        replies: Iterable[Reply] | Callable[[Messages], Reply],
        *,
        by: Literal["call", "conversation"] = "call",
        delay: float = 0.0,
        chunk_size: int = 8,
        pace: float = 0.0,
        usage: TokenUsage | None = USAGE,
        record: bool = True,
        model_id: str = "scripted",
        **kwargs: Any,
    ) -> None:
        super().__init__(model_id=model_id, **kwargs)
        if by not in ("call", "conversation"):
            raise ValueError(f"by={by!r}: give 'call' or 'conversation'")
        self.replies = replies if callable(replies) else list(replies)
        self.by, self.delay, self.pace = by, delay, pace
        self.chunk_size, self.usage, self.record = chunk_size, usage, record
        self.calls: list[Request] = []
        self._numbers = itertools.count()

    def generate(self, messages: Messages, *args: Any, **kwargs: Any) -> ChatMessage:
        """The next reply, after `delay`, cut at the stop sequences."""
        if self.delay:
            time.sleep(self.delay)
        return self._reply(messages, _asked(*args, **kwargs))

    async def agenerate(self, messages: Messages, *args: Any, **kwargs: Any) -> ChatMessage:
        """As `generate`, awaited."""
        await _sleep(self.delay)
        return self._reply(messages, _asked(*args, **kwargs))

    def generate_stream(self, messages: Messages, *args: Any, **kwargs: Any) -> Iterator[ChatMessageStreamDelta]:
        """The next reply in pieces."""
        for number, delta in enumerate(self._pieces(self.generate(messages, *args, **kwargs))):
            if self.pace and number:
                time.sleep(self.pace)
            yield delta

    async def agenerate_stream(
        self, messages: Messages, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[ChatMessageStreamDelta, None]:
        """As `generate_stream`, awaited."""
        for number, delta in enumerate(self._pieces(await self.agenerate(messages, *args, **kwargs))):
            if number:
                await _sleep(self.pace)
            yield delta

    def _reply(self, messages: Messages, arguments: dict[str, Any]) -> ChatMessage:
        if self.record:
            # A list may grow after the call; other sequences of messages don't change, and copying them costs.
            self.calls.append(Request(messages[:] if isinstance(messages, list) else messages, arguments))
        number = self._position(messages)
        message = as_message(self._scripted(number), messages, f"call_{number + 1}")
        cut_reply(message, arguments["stop_sequences"])
        if message.token_usage is None:
            message.token_usage = self.usage
        return message

    def _scripted(self, number: int) -> Reply:
        if callable(self.replies):
            return self.replies
        if number < len(self.replies):
            return self.replies[number]
        raise LookupError(f"the script has {len(self.replies)} replies and was asked for number {number + 1}")

    def _position(self, messages: Messages) -> int:
        if self.by == "call":
            return next(self._numbers)
        return sum(message.role == MessageRole.ASSISTANT for message in messages)

    def _pieces(self, message: ChatMessage) -> Iterator[ChatMessageStreamDelta]:
        text, size = message.text, self.chunk_size
        for start in range(0, len(text), size):
            yield ChatMessageStreamDelta(text[start : start + size])
        yield replace(as_delta(message), content="")


def as_message(reply: Reply, messages: Messages, call_id: str) -> ChatMessage:
    """A message from any form of a reply, a new one each time. `call_id` begins the ids of its tool calls."""
    if isinstance(reply, str):
        return ChatMessage(MessageRole.ASSISTANT, reply)
    if isinstance(reply, ChatMessage):
        return replace(reply)
    if isinstance(reply, BaseException) or (isinstance(reply, type) and issubclass(reply, BaseException)):
        raise reply
    if callable(reply):
        return as_message(reply(messages), messages, call_id)
    if isinstance(reply, Mapping):
        return _from_parts(reply.get("content"), reply.get("tool_calls") or (), call_id)
    if isinstance(reply, Sequence):
        return _from_parts(None, reply, call_id)
    raise TypeError(
        f"{reply!r} is no reply: give a text, a ChatMessage, a list of tool calls, an error or a callable"
    )


def _from_parts(content: str | None, calls: Sequence[Any], call_id: str) -> ChatMessage:
    made = [_call(call, call_id if number == 1 else f"{call_id}_{number}") for number, call in enumerate(calls, 1)]
    return ChatMessage(MessageRole.ASSISTANT, content, made or None)


def _call(call: Any, call_id: str) -> ChatMessageToolCall:
    if isinstance(call, ChatMessageToolCall):
        return replace(call, function=replace(call.function))
    if isinstance(call, Mapping):
        told = call.get("function", call)
        name, arguments, call_id = told["name"], told.get("arguments"), call.get("id") or call_id
    else:
        name, arguments = call
    return ChatMessageToolCall(ChatMessageToolCallFunction({} if arguments is None else arguments, name), call_id)


def _asked(
    stop_sequences: list[str] | None = None,
    response_format: dict[str, Any] | None = None,
    tools_to_call_from: Sequence[Any] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """The arguments of a request by name."""
    return {
        "stop_sequences": stop_sequences,
        "response_format": response_format,
        "tools_to_call_from": tools_to_call_from,
        **kwargs,
    }


async def _sleep(seconds: float) -> None:
    if seconds:
        import asyncio

        await asyncio.sleep(seconds)
