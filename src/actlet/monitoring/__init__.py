"""What is seen of a run, and what it used: observers of events, loggers, sums."""

from ..messages import Timing, TokenUsage
from .levels import YELLOW_HEX, LogLevel
from .logger import AgentLogger
from .monitor import Monitor
from .observing import Observer, observers_for

__all__ = [
    "YELLOW_HEX",
    "AgentLogger",
    "LogLevel",
    "Monitor",
    "Observer",
    "Timing",
    "TokenUsage",
    "observers_for",
]
