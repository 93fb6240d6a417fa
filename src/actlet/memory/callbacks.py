"""Which callbacks a step is shown to.

A callback is registered for a class of steps and is shown the steps of it and of its subclasses. It may take the
step alone, or the step and `agent=`, and it may be `async def`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .steps import ActionStep, MemoryStep

Callback = Callable[..., Any]
Callbacks = Sequence[Callback] | Mapping[type[MemoryStep], Callback | Sequence[Callback]]


class CallbackRegistry:
    """Callbacks by the class of the steps that they are shown."""

    def __init__(self, callbacks: Callbacks | None = None) -> None:
        self._callbacks: dict[type[MemoryStep], list[Callback]] = {}
        if isinstance(callbacks, Mapping):
            for step_class, given in callbacks.items():
                for callback in given if isinstance(given, Sequence) else [given]:
                    self.register(step_class, callback)
        elif isinstance(callbacks, Sequence):
            for callback in callbacks:
                self.register(ActionStep, callback)
        elif callbacks is not None:
            raise ValueError(
                f"step_callbacks must be a list of functions or a dict by step class, not {callbacks!r}"
            )

    def register(self, step_cls: type[MemoryStep], callback: Callback) -> None:
        """Show steps of `step_cls` to `callback` from now on. Raises `ValueError`."""
        if not (isinstance(step_cls, type) and issubclass(step_cls, MemoryStep)):
            raise ValueError(f"step callbacks are given by class of steps (ActionStep, ...), not by {step_cls!r}")
        if not callable(callback):
            raise ValueError(f"a step callback must be callable, and {callback!r} is not")
        self._callbacks.setdefault(step_cls, []).append(callback)

    def for_step(self, step: MemoryStep) -> list[Callback]:
        """The callbacks that `step` is shown to: those of its own class first, then of its bases."""
        if not self._callbacks:
            return []
        return [cb for cls in type(step).__mro__ for cb in self._callbacks.get(cls, ())]

    def callback(self, memory_step: MemoryStep, **kwargs: Any) -> None:
        """Show a step to its callbacks, now."""
        for callback in self.for_step(memory_step):
            call_with(callback, memory_step, **kwargs)


def call_with(function: Callable[..., Any], *args: Any, **offered: Any) -> Any:
    """Call `function` with as many of `args` as it has places for, and with those of `offered` that it names.

    One that doesn't say what it takes (`bool`) gets the first of `args`.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return function(*args[:1])
    kinds = {p.kind for p in parameters}
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        names = {p.name for p in parameters}
        offered = {name: value for name, value in offered.items() if name in names}
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        places = [p for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD and p.name not in offered]
        args = args[: len(places)]
    return function(*args, **offered)
