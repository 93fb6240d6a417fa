"""How a loop is carried out: effects, wrappers, drivers, sessions, results."""

from .current import current_run
from .events import ActionOutput, Retrying, StreamEvent, ToolOutput
from .result import RunResult
from .retrying import RetryPolicy
from .run import Run
from .session import Session
from .shared import SharedMemory

__all__ = [
    "ActionOutput",
    "RetryPolicy",
    "Retrying",
    "Run",
    "RunResult",
    "Session",
    "SharedMemory",
    "StreamEvent",
    "ToolOutput",
    "current_run",
]
