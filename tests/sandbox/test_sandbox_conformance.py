"""The sandbox, held to what every box does: with the namespaces this machine gives, and without."""

from actlet.execution.sandbox import SandboxExecutor
from actlet.testing import BoxConformance


class TestSandbox(BoxConformance):
    def make_box(self, **options):
        return SandboxExecutor(**options)


class TestSandboxWithoutNamespaces(BoxConformance):
    def make_box(self, **options):
        return SandboxExecutor(namespaces=False, **options)
