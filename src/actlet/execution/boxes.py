"""The boxes by name: what `executor_type=` and `--executor` may be.

A box's class is imported when one is made, so that naming the boxes costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from inspect import Parameter, signature
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


_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_GIVEN = ("self", "additional_authorized_imports")


def box_class(executor_type: str) -> type[PythonExecutor]:
    """The class of the boxes of this type. Raises `ValueError` for one that doesn't exist."""
    check_box_type(executor_type)
    module, name = BOXES[executor_type]
    found: type[PythonExecutor] = getattr(import_module(module), name)
    return found


def make_box(executor_type: str, additional_authorized_imports: Sequence[str], **options: Any) -> PythonExecutor:
    """A new box of this type. Raises `ValueError` for one that doesn't exist, `TypeError` for an option that it
    doesn't take."""
    make: Any = box_class(executor_type)
    known = options_of(make)
    unknown = [name for name in options if name not in known]
    if unknown:
        named = ", ".join(map(repr, unknown))
        raise TypeError(f"a box of the type {executor_type!r} has no option {named}. There is: {', '.join(known)}.")
    box: PythonExecutor = make(list(additional_authorized_imports), **options)
    return box


def options_of(kind: type) -> list[str]:
    """The options that a class of boxes takes: its own, and those of the classes that it hands all others on to."""
    found: list[str] = []
    for owner in (each for each in kind.__mro__ if "__init__" in vars(each)):
        parameters = signature(vars(owner)["__init__"]).parameters.values()
        found += [each.name for each in parameters if each.kind in _BY_NAME and each.name not in _GIVEN]
        if not any(each.kind is Parameter.VAR_KEYWORD for each in parameters):
            break
    return found


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
