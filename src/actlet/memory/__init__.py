"""Steps, and how they become messages."""

from ..messages import ChatMessage, MessageRole
from .callbacks import CallbackRegistry
from .memory import AgentMemory, MessageView
from .steps import (
    ActionStep,
    FinalAnswerStep,
    MemoryStep,
    PlanningStep,
    SystemPromptStep,
    TaskStep,
    ToolCall,
)

__all__ = [
    "ActionStep",
    "AgentMemory",
    "CallbackRegistry",
    "ChatMessage",
    "FinalAnswerStep",
    "MemoryStep",
    "MessageRole",
    "MessageView",
    "PlanningStep",
    "SystemPromptStep",
    "TaskStep",
    "ToolCall",
]
