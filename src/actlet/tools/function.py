"""`@tool`: a function as a tool.

What the tool is comes from the function: its name, docstring, type hints and defaults. The function itself is left
as it is and stays reachable as `tool.function`; no source code is read, so this works wherever a function can be
defined. A method decorated in its class becomes a tool of each object, bound as methods are.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, overload

from .adapters import json_schema, object_schema
from .declaration import check_name, check_parameters, check_returns
from .parameters import EMPTY, Facts, read_function, resolved_hints, takes_self
from .tool import Tool


class FunctionTool(Tool):
    """A function as a tool; made by `@tool`.

    Raises `TypeError` or `ValueError` for a function that can't be one.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        timeout: float | None = None,
        idempotent: bool = False,
        output_schema: dict[str, Any] | None = None,
        names: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.name = name or str(getattr(function, "__name__", ""))
        self.timeout, self.idempotent, self.output_schema = timeout, idempotent, output_schema
        self.is_initialized = True
        self._names = names
        self._description = description
        _check_function(function)

    @property
    def description(self) -> str:
        """What the tool does, for the model."""
        return self._description if self._description is not None else self.facts.docstring.description

    @description.setter
    def description(self, text: str) -> None:
        self._description = text

    @functools.cached_property
    def facts(self) -> Facts:
        """Its parameters, what it returns, its docstring. Raises `TypeError` for a type that isn't defined."""
        try:
            facts = read_function(self.function, self._names)
        except NameError as error:
            raise TypeError(f"a type hint of {self.name}() can't be resolved: {error}") from error
        self._names = None
        return facts

    @functools.cached_property
    def inputs(self) -> dict[str, dict[str, Any]]:  # type: ignore[override]
        """Its arguments as class tools declare them."""
        schema = object_schema(self.parameters)
        return {
            name: {
                "type": "any",
                "description": "",
                **of_one,
                **({} if name in schema["required"] else {"nullable": True}),
            }
            for name, of_one in schema["properties"].items()
        }

    @functools.cached_property
    def output_type(self) -> str:  # type: ignore[override]
        """What it returns, as class tools declare it: "any" unless one JSON type says it."""
        returns = self.facts.returns
        media = {"AgentImage": "image", "Image": "image", "AgentAudio": "audio"}
        if getattr(returns, "__name__", "") in media:
            return media[returns.__name__]
        kind = "any" if returns is EMPTY else json_schema(returns, {}).get("type", "any")
        return kind if isinstance(kind, str) else "any"

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function, or a decorator around one."""
        return inspect.iscoroutinefunction(inspect.unwrap(self.function))

    @property
    def _only_awaits(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    @property
    def lacks_object(self) -> bool:
        """Whether it is a method that was taken from its class, so that no call of it could work."""
        return takes_self(self.function)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    def validate_arguments(self) -> None:
        """Check what the function says of itself. Raises `TypeError` or `ValueError`."""
        check_name(self.name)
        check_returns(self.function, self.name)
        check_parameters(inspect.signature(self.function).parameters, self.name)
        try:
            resolved_hints(self.function, self._names)
        except NameError:
            return  # a type that is defined further down: looked at when the tool is used
        if not self.description.strip():
            raise ValueError(
                f"tool {self.name!r} says nothing of what it does: write a docstring, or pass description=..."
            )

    def __get__(self, instance: Any, owner: type | None = None) -> FunctionTool:
        """The tool of an object, for a method that was decorated in its class."""
        if instance is None or not takes_self(self.function):
            return self
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__, function=self.function.__get__(instance, owner))
        return bound

    def __reduce__(self) -> Any:
        # A decorated function's name leads to its tool, so the name is all that a pickle needs; copies are the same
        # tool. Any other function is pickled by its own name, or can't be.
        qualname: str = self.__dict__.get("__qualname__", "")
        found: Any = sys.modules.get(self.__module__)
        for part in qualname.split("."):
            found = getattr(found, part, None)
        if found is self:
            return qualname
        return _remade, (self.function, self.__getstate__())

    _derived = (*Tool._derived, "function", "__wrapped__", "inputs", "output_type")


@overload
def tool(function: Callable[..., Any], /) -> FunctionTool: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
    idempotent: bool = False,
    output_schema: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a tool of a function, plain or async, or of a method: `@tool`, or `@tool(timeout=5)`.

    `name` and `description` stand in for the function's own. `timeout` is how many seconds a call may take,
    `idempotent` whether a call may be repeated without harm, `output_schema` the JSON schema of what is returned.
    Raises `TypeError` or `ValueError` for a function that can't be a tool: a lambda, one with `*args`, one that
    says nothing of what it does or takes.
    """
    names = _visible_names(sys._getframe(1))
    if function is not None:
        return FunctionTool(function, names=names, **options)
    return functools.partial(FunctionTool, names=names, **options)


def _check_function(function: Any) -> None:
    if isinstance(function, Tool):
        raise ValueError(f"{function.name!r} is a tool already: decorate it once")
    if isinstance(function, (staticmethod, classmethod)):
        raise TypeError(f"put @tool below @{type(function).__name__}, next to the function")
    if isinstance(function, type):
        raise TypeError(f"{function.__name__} is a class: make a tool of it by subclassing Tool")
    if not callable(function):
        raise TypeError(f"@tool decorates a function, not {function!r}")
    if getattr(function, "__name__", "") == "<lambda>":
        raise ValueError("a lambda has no name, types or docstring to tell a model: define a function with def")


def _remade(function: Callable[..., Any], state: dict[str, Any]) -> FunctionTool:
    made = object.__new__(FunctionTool)
    made.__dict__.update(state, function=function, __wrapped__=function)
    return made


def _visible_names(frame: FrameType) -> dict[str, Any]:
    """The names that a hint written here may use, besides globals: those of the enclosing function or class."""
    if frame.f_locals is frame.f_globals:
        return {}
    outer = frame.f_back if "__qualname__" in frame.f_locals else None
    around = outer.f_locals if outer is not None and outer.f_locals is not outer.f_globals else {}
    return {**around, **frame.f_locals}
