"""The boxes that this package brings, held to what every box does."""

from actlet import LocalPythonExecutor
from actlet.testing import BoxConformance, ProcessExecutor


class TestLocal(BoxConformance):
    lacks = frozenset({"death", "gather", "handles"})

    def make_box(self, **options):
        return LocalPythonExecutor(["numpy", "pandas", "concurrent.futures", "asyncio"], **options)


class TestProcess(BoxConformance):
    def make_box(self, **options):
        return ProcessExecutor(**options)
