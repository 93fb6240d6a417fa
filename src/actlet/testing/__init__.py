"""For users' own tests: models that need no provider, the reference box, and the tests that every box passes."""

from typing import TYPE_CHECKING, Any

from ..models.recording import RecordingModel
from ..models.replaying import ReplayModel
from ..models.scripted import Request, ScriptedModel

if TYPE_CHECKING:
    from ..execution.process import ProcessExecutor
    from .conformance import BoxConformance

__all__ = ["BoxConformance", "ProcessExecutor", "RecordingModel", "ReplayModel", "Request", "ScriptedModel"]

if not TYPE_CHECKING:  # or type checkers would take every name to be there

    def __getattr__(name: str) -> Any:
        if name == "ProcessExecutor":
            from ..execution.process import ProcessExecutor

            return ProcessExecutor
        if name == "BoxConformance":
            import pytest

            pytest.register_assert_rewrite("actlet.testing.conformance")
            from .conformance import BoxConformance

            return BoxConformance
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
