"""The boxes by name: what `executor_type=` and `--executor` may be.

A box's class is imported when one is made, so that naming the boxes costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .box import PythonExecutor, Readiness

BOXES: dict[str, tuple[str, str]] = {
    "local": ("actlet.execution.local", "LocalPythonExecutor"),
    "sandbox": ("actlet.execution.sandbox", "SandboxExecutor"),
    "docker": ("actlet.execution.docker", "DockerExecutor"),
    "wasm": ("actlet.execution.wasm", "WasmExecutor"),
    "e2b": ("actlet.execution.clouds.e2b", "E2BExecutor"),
    "modal": ("actlet.execution.clouds.modal", "ModalExecutor"),
    "blaxel": ("actlet.execution.clouds.blaxel", "BlaxelExecutor"),
    "browser": ("actlet.execution.wasm", "BrowserExecutor"),
}


def box_class(executor_type: str) -> type[PythonExecutor]:
    """The class of the boxes of this type. Raises `ValueError` for one that doesn't exist."""
    check_box_type(executor_type)
    module, name = BOXES[executor_type]
    found: type[PythonExecutor] = getattr(import_module(module), name)
    return found


def make_box(executor_type: str, additional_authorized_imports: Sequence[str], **options: Any) -> PythonExecutor:
    """A new box of this type. Raises `ValueError` for one that doesn't exist."""
    make: Any = box_class(executor_type)
    box: PythonExecutor = make(list(additional_authorized_imports), **options)
    return box


def readiness(executor_type: str) -> Readiness:
    """Whether boxes of this type can run on this machine. Raises `ValueError` for one that doesn't exist."""
    try:
        kind = box_class(executor_type)
    except ImportError as error:  # its extra, or a module that this system's Python doesn't have
        return Readiness(False, f"it can't be loaded here ({error})", str(error))
    return kind.check()


def check_box_type(executor_type: str) -> None:
    """Raise `ValueError` unless there is such a box."""
    if executor_type not in BOXES:
        raise ValueError(f"Unsupported executor type: {executor_type!r}. There is: {', '.join(BOXES)}.")
