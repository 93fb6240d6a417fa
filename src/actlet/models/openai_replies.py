"""Reading what an OpenAI-compatible API sends: completions, chunks, usage, and replies that are none.

Servers differ in what they leave out, so everything but the choice itself may be missing. Reasoning that a server
sends along stays in `ChatMessage.raw`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import NoReplyError
from ..messages import (
    ChatMessage,
    ChatMessageStreamDelta,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    ChatMessageToolCallStreamDelta,
    MessageRole,
    TokenUsage,
)
from .parsing import new_call_id


def read_completion(completion: Any, model_id: str | None) -> ChatMessage:
    """A completion as a message. Raises `NoReplyError` if it has no choice, or one without text and tool calls."""
    if isinstance(completion, str):
        raise no_api(model_id, completion)
    if not getattr(completion, "choices", None):
        raise _no_choices(completion, model_id)
    choice = completion.choices[0]
    said = choice.message
    calls = read_calls(said.tool_calls)
    text = said.content or getattr(said, "refusal", None)
    if not text and not calls:
        complain(choice.finish_reason, model_id)
    usage = read_usage(completion.usage)
    return ChatMessage(MessageRole.ASSISTANT, text, calls, completion, usage, finish_reason=choice.finish_reason)


def complain(finish_reason: str | None, model_id: str | None) -> None:
    """Raise `NoReplyError` where the reason why a reply ended explains that it is empty."""
    if finish_reason == "length":
        raise NoReplyError(
            f"{model_id!r} ran out of tokens before it wrote anything: raise the model's max_tokens, or the "
            "context length of the server"
        )
    if finish_reason == "content_filter":
        raise NoReplyError(f"{model_id!r} wrote nothing: its provider's content filter stopped the reply")


def _no_choices(completion: Any, model_id: str | None) -> NoReplyError:
    error = getattr(completion, "error", None) or {}
    told = error.get("message") if isinstance(error, dict) else error
    code = error.get("code") if isinstance(error, dict) else None
    return NoReplyError(f"{model_id!r} answered without a reply: {told or 'it gives no reason'}", code)


def no_api(model_id: str | None, answer: str) -> NoReplyError:
    """The error of a server that answers with something else, as the page of a website."""
    return NoReplyError(
        f"the server of {model_id!r} answered with what is no reply of a model: is its URL that of an "
        f"OpenAI-compatible API? It often ends in /v1. It said: {answer.strip()[:100]!r}"
    )


def check_stream(chunks: Any, model_id: str | None) -> None:
    """Raise `NoReplyError` where a web page came instead of a stream."""
    headers = getattr(getattr(chunks, "response", None), "headers", None) or {}
    if "html" in headers.get("content-type", ""):
        raise no_api(model_id, "a web page")


def read_usage(usage: Any) -> TokenUsage | None:
    """The tokens of a reply; None if the server doesn't tell."""
    if usage is None:
        return None
    cached = getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None)
    reasoning = getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None)
    return TokenUsage(usage.prompt_tokens or 0, usage.completion_tokens or 0, cached or 0, reasoning or 0)


def read_calls(calls: Any) -> list[ChatMessageToolCall] | None:
    """The tool calls of a reply, each with an id of its own: some servers send none, or one twice."""
    read: dict[str, ChatMessageToolCall] = {}
    for call in calls or ():
        function = getattr(call, "function", None)
        if function is not None:
            call_id = call.id if call.id and call.id not in read else new_call_id()
            own = ChatMessageToolCallFunction(function.arguments, function.name)
            read[call_id] = ChatMessageToolCall(own, call_id)
    return list(read.values()) or None


class ChunkReader:
    """Reads the chunks of one stream. `finish_reason` and `usage` are known at the end.

    The last usage counts: some servers send a running total with every chunk.
    """

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.usage: TokenUsage | None = None
        self._index: dict[int, int] = {}
        self._ids: dict[int, str] = {}

    def read(self, chunk: Any) -> ChatMessageStreamDelta | None:
        """The piece of the reply in a chunk, None if there is none."""
        self.usage = read_usage(getattr(chunk, "usage", None)) or self.usage
        if not chunk.choices:
            return None
        choice = chunk.choices[0]
        self.finish_reason = choice.finish_reason or self.finish_reason
        delta = choice.delta
        text = getattr(delta, "content", None) or getattr(delta, "refusal", None)
        calls = list(self._calls(getattr(delta, "tool_calls", None) or ()))
        return ChatMessageStreamDelta(text, calls or None) if text or calls else None

    @property
    def was_ended(self) -> bool:
        """Whether the server said that the reply had ended."""
        return self.finish_reason is not None or self.usage is not None

    def _calls(self, pieces: Any) -> Iterator[ChatMessageToolCallStreamDelta]:
        for position, piece in enumerate(pieces):
            told = piece.index if piece.index is not None else position
            index = self._place(told, piece.id)
            function = piece.function and ChatMessageToolCallFunction(piece.function.arguments, piece.function.name)
            yield ChatMessageToolCallStreamDelta(index, self._ids[index], "function", function)

    def _place(self, told: int, call_id: str | None) -> int:
        """Which call a piece belongs to. Gemini numbers all calls 0: a new id then means a new call."""
        index = self._index.get(told)
        if index is None or (call_id and call_id != self._ids[index]):
            index = self._index[told] = len(self._ids)
            self._ids[index] = call_id or new_call_id()
        return index
