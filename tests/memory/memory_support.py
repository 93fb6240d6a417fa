"""What the tests of memory share."""

from __future__ import annotations

from typing import Any

from actlet import ActionStep, ToolCall
from actlet.messages import ChatMessage, MessageRole, Timing, TokenUsage


def action(number: int = 1, **given: Any) -> ActionStep:
    return ActionStep(number, Timing(1.0, 2.5), **given)


def call(name: str = "add", identity: str = "c1", **arguments: Any) -> ToolCall:
    return ToolCall(name, arguments, identity)


def reply(text: str = "I add.") -> ChatMessage:
    return ChatMessage(MessageRole.ASSISTANT, text, token_usage=TokenUsage(10, 2))


def shapes(messages: Any) -> list[tuple[str, Any]]:
    return [(message.role.value, message.content) for message in messages]
