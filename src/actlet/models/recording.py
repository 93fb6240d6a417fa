"""Recordings of what a model was asked and replied, and the model that makes them.

A recording is a file of JSON lines, `{"request": ..., "reply": ..., "seconds": ...}`: the request is the body in
OpenAI's form, the reply its message; `usage` is added where it is known. So a recording can be read, compared, cut
and written by hand, and whatever sits in front of a server can make one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from .. import bridges
from ..messages import ChatMessage, ChatMessageStreamDelta, TokenUsage, agglomerate_stream_deltas
from .base import Messages, Model, as_delta
from .schemas import get_tool_json_schema
from .transient import Transient
from .wire import Dialect, wire_call, wire_messages

_DIALECT = Dialect(tools=True, image_urls=True)


def request_body(
    model_id: str | None,
    messages: Messages,
    stop_sequences: list[str] | None = None,
    response_format: dict[str, Any] | None = None,
    tools_to_call_from: Any = None,
    **_: Any,
) -> dict[str, Any]:
    """A request as the body of OpenAI's API."""
    body: dict[str, Any] = {"model": model_id, "messages": wire_messages(messages, _DIALECT)}
    if stop_sequences:
        body["stop"] = stop_sequences
    if response_format:
        body["response_format"] = response_format
    if tools_to_call_from:
        body["tools"] = [get_tool_json_schema(tool) for tool in tools_to_call_from]
    return body


def record_of(request: dict[str, Any], reply: ChatMessage, seconds: float) -> dict[str, Any]:
    """One line of a recording."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool_calls:
        message["tool_calls"] = [wire_call(call) for call in reply.tool_calls]
    record = {"request": request, "reply": message, "seconds": round(seconds, 3)}
    return record if reply.token_usage is None else {**record, "usage": reply.token_usage.dict()}


class RecordingModel(Model):
    """A model that writes what `model` was asked and replied to the file `path`, one line after each reply."""

    def __init__(self, model: Any, path: str | Path) -> None:
        super().__init__(model_id=getattr(model, "model_id", None))
        self.model, self.path = model, Path(path)
        self.native_tool_history = getattr(model, "native_tool_history", False)
        self.can_stream = getattr(model, "can_stream", hasattr(model, "generate_stream"))
        self._lock = threading.Lock()

    async def agenerate(self, messages: Messages, *args: Any, **kwargs: Any) -> ChatMessage:
        """The model's reply."""
        started = time.monotonic()
        if getattr(self.model, "is_async", False):
            reply = await self.model.agenerate(messages, *args, **kwargs)
        else:
            reply = await bridges.in_worker(self.model.generate, messages, *args, **kwargs)
        self._write(request_body(self.model_id, messages, *args, **kwargs), reply, started)
        message: ChatMessage = reply
        return message

    async def agenerate_stream(
        self, messages: Messages, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[ChatMessageStreamDelta, None]:
        """The model's reply in pieces. It is recorded when it has ended, not when it is left early."""
        if not self.can_stream:
            yield as_delta(await self.agenerate(messages, *args, **kwargs))
            return
        started, pieces = time.monotonic(), []
        async with bridges.closing(self._stream(messages, *args, **kwargs)) as stream:
            async for piece in stream:
                pieces.append(piece)
                yield piece
        body = request_body(self.model_id, messages, *args, **kwargs)
        self._write(body, agglomerate_stream_deltas(pieces), started)

    def _stream(self, *args: Any, **kwargs: Any) -> Any:
        if hasattr(self.model, "agenerate_stream"):
            return self.model.agenerate_stream(*args, **kwargs)
        return bridges.aiterate(lambda: self.model.generate_stream(*args, **kwargs))

    def _write(self, request: dict[str, Any], reply: ChatMessage, started: float) -> None:
        record = record_of(request, reply, time.monotonic() - started)
        line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line)

    def parse_tool_calls(self, message: ChatMessage) -> ChatMessage:
        """As the model does."""
        parsed: ChatMessage = getattr(self.model, "parse_tool_calls", super().parse_tool_calls)(message)
        return parsed

    def transient(self, error: BaseException) -> Transient | None:
        """As the model says."""
        judged: Transient | None = getattr(self.model, "transient", super().transient)(error)
        return judged

    def cost(self, usage: TokenUsage | None) -> float | None:
        """As the model says."""
        cost: float | None = getattr(self.model, "cost", super().cost)(usage)
        return cost
