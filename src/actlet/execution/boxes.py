"""The boxes by name: what `executor_type=` and `--executor` may be.

A box's class is imported when one is made, so that naming the boxes costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .box import PythonExecutor

BOXES: dict[str, tuple[str, str]] = {"local": ("actlet.execution.local", "LocalPythonExecutor")}


def make_box(executor_type: str, additional_authorized_imports: Sequence[str], **options: Any) -> PythonExecutor:
    """A new box of this type. Raises `ValueError` for one that doesn't exist."""
    check_box_type(executor_type)
    module, name = BOXES[executor_type]
    box: PythonExecutor = getattr(import_module(module), name)(list(additional_authorized_imports), **options)
    return box


def check_box_type(executor_type: str) -> None:
    """Raise `ValueError` unless there is such a box."""
    if executor_type not in BOXES:
        raise ValueError(f"Unsupported executor type: {executor_type!r}. There is: {', '.join(BOXES)}.")
