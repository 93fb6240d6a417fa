"""The boxes that this package brings, held to what every box does."""

import pytest

from actlet import LocalPythonExecutor
from actlet.testing import BoxConformance, ProcessExecutor


class TestLocal(BoxConformance):
    lacks = frozenset({"death", "folder", "gather", "handles", "open"})

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def make_box(self, **options):
        return LocalPythonExecutor(["numpy", "pandas", "concurrent.futures", "asyncio"], **options)


class TestProcess(BoxConformance):
    def make_box(self, **options):
        return ProcessExecutor(**options)


class TestLocalWithEverything(TestLocal):
    lacks = TestLocal.lacks - {"open"}

    def make_box(self, **options):
        return LocalPythonExecutor(["*"], **options)
