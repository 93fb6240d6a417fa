"""The one tool call that a text makes, for smolagents' users who read replies themselves."""

from __future__ import annotations

from ..messages import ChatMessageToolCall, ChatMessageToolCallFunction
from .parsing import calls_in_text, new_call_id


def get_tool_call_from_text(text: str, tool_name_key: str, tool_arguments_key: str) -> ChatMessageToolCall:
    """The first call that a text makes as JSON, with its arguments read. Raises `ValueError` if there is none."""
    calls, _ = calls_in_text(text, tool_name_key, tool_arguments_key)
    if not calls:
        form = f'{{"{tool_name_key}": "tool_name", "{tool_arguments_key}": {{...}}}}'
        raise ValueError(f"no tool is called here: {text[:200]!r}. A call is written as {form}")
    name, arguments = calls[0]
    return ChatMessageToolCall(ChatMessageToolCallFunction(arguments, name), new_call_id())
