"""The boxes that this machine can start, with the settings that users get."""

from actlet.execution.process import ProcessExecutor
from actlet.execution.sandbox import SandboxExecutor

BOXES = {
    "sandbox": lambda: SandboxExecutor(timeout_seconds=60),
    "sandbox without namespaces": lambda: SandboxExecutor(timeout_seconds=60, namespaces=False),
    "process": lambda: ProcessExecutor(timeout_seconds=60),
}
