"""For users' own tests: models that need no provider."""

from ..models.recording import RecordingModel
from ..models.replaying import ReplayModel
from ..models.scripted import Request, ScriptedModel

__all__ = ["RecordingModel", "ReplayModel", "Request", "ScriptedModel"]
