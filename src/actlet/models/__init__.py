"""Who writes the next action: the interface of a model, and one file per provider.

Rule: a model speaks to its provider and does nothing else. It knows no agent and no run, prints nothing, and never
tries again by itself.
"""

from ..messages import (
    ChatMessage,
    ChatMessageStreamDelta,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    ChatMessageToolCallStreamDelta,
    MessageRole,
    TokenUsage,
    agglomerate_stream_deltas,
)
from .base import REMOVE_PARAMETER, Model
from .calls import get_tool_call_from_text
from .openai import OpenAIModel, OpenAIServerModel
from .parsing import parse_json_if_needed
from .prices import Prices
from .schemas import CODEAGENT_RESPONSE_FORMAT, get_tool_json_schema
from .stops import remove_content_after_stop_sequences, supports_stop_parameter
from .transient import Transient
from .wire import get_clean_message_list, tool_role_conversions

__all__ = [
    "CODEAGENT_RESPONSE_FORMAT",
    "REMOVE_PARAMETER",
    "ChatMessage",
    "ChatMessageStreamDelta",
    "ChatMessageToolCall",
    "ChatMessageToolCallFunction",
    "ChatMessageToolCallStreamDelta",
    "MessageRole",
    "Model",
    "OpenAIModel",
    "OpenAIServerModel",
    "Prices",
    "TokenUsage",
    "Transient",
    "agglomerate_stream_deltas",
    "get_clean_message_list",
    "get_tool_call_from_text",
    "get_tool_json_schema",
    "parse_json_if_needed",
    "remove_content_after_stop_sequences",
    "supports_stop_parameter",
    "tool_role_conversions",
]
