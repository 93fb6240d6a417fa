"""For users' own tests: models that need no provider."""

from ..models.scripted import Request, ScriptedModel

__all__ = ["Request", "ScriptedModel"]
