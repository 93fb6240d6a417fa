"""Steps, and how they become messages."""

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
    "FinalAnswerStep",
    "MemoryStep",
    "MessageView",
    "PlanningStep",
    "SystemPromptStep",
    "TaskStep",
    "ToolCall",
]
