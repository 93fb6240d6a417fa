"""Models of one's own, as they are documented: type checkers have nothing to say to any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from actlet import ChatMessage, ChatMessageStreamDelta, CodeAgent, MessageRole, Model, TokenUsage


class Parrot(Model):
    def generate(
        self, messages: Sequence[ChatMessage], stop_sequences: list[str] | None = None, **kwargs: Any
    ) -> ChatMessage:
        reply = "<code>\nfinal_answer('Polly')\n</code>"
        return ChatMessage(MessageRole.ASSISTANT, reply, token_usage=TokenUsage(10, 5))


class AsyncParrot(Model):
    async def agenerate(
        self, messages: Sequence[ChatMessage], stop_sequences: list[str] | None = None, **kwargs: Any
    ) -> ChatMessage:
        return ChatMessage(role="assistant", content="Polly")


class Simple(Model):
    def generate(self, messages: Sequence[ChatMessage]) -> ChatMessage:
        return messages[-1]


class Calling(Model):
    def generate(
        self, messages: Sequence[ChatMessage], stop_sequences: Any = None, tools_to_call_from: Any = None
    ) -> ChatMessage:
        return messages[-1]


class Logged(Parrot):
    def generate(self, messages: Sequence[ChatMessage], *args: Any, **kwargs: Any) -> ChatMessage:
        return super().generate(messages, *args, **kwargs)


class Streaming(Parrot):
    def generate_stream(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Iterator[ChatMessageStreamDelta]:
        yield ChatMessageStreamDelta("Polly")


class AsyncStreaming(AsyncParrot):
    async def agenerate_stream(
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> AsyncIterator[ChatMessageStreamDelta]:
        yield ChatMessageStreamDelta("Polly")


class WithSettings(Parrot):
    def __init__(self, voice: str, **kwargs: Any) -> None:
        super().__init__(model_id="parrot", prices=(1, 2), **kwargs)
        self.voice = voice


agent = CodeAgent(tools=[], model=WithSettings("loud", temperature=0.5))
