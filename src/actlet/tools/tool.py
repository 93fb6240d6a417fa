"""`Tool`: what an agent may call.

A tool says what it is (`name`, `description`, `inputs`, `output_type`) and does it in `forward`, a function or a
coroutine function. Everything that others need of a tool is here: its typed signature, the check of a call's
arguments, its JSON schema, how it is shown to a model, and calling it, waiting or not. How long a call may take and
how it is retried is up to the run.
"""

from __future__ import annotations

import inspect
import threading
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..bridges import in_worker, wait
from ..errors import AgentToolCallError
from ..media import handle_agent_input_types, handle_agent_output_types
from .adapters import object_schema
from .arguments import Checks
from .declaration import check_declaration, read_declaration
from .parameters import Facts, Parameter
from .stubs import call_stub, code_stub, signature_text

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


MOST_ITEMS = 1_000
"""Items of an iterator that are shown to a model."""


class BaseTool(ABC):
    """Anything with a name that can be called as a tool."""

    name: str

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the tool does."""


class _ChecksDeclaration(ABCMeta):
    """Checks a tool's declaration once it is made, whichever `__init__` its class has."""

    # Typed by T, or some type checkers would know nothing of a tool that is made by calling its class.
    def __call__(cls: type[T], *args: Any, **kwargs: Any) -> T:
        tool: Any = super().__call__(*args, **kwargs)  # type: ignore[misc]
        tool.validate_arguments()
        return tool  # type: ignore[no-any-return]


class Tool(BaseTool, metaclass=_ChecksDeclaration):
    """What an agent may call. Subclass it and set the attributes, or decorate a function with `@tool`.

    `name` is a Python identifier; `description` is for the model. `inputs` says for each argument of `forward` its
    `type` (one of `AUTHORIZED_TYPES`, or a list of them), a `description`, and what else JSON schema has to say;
    type hints of `forward` are used where they say more. `output_type` is one of the types, `output_schema` a JSON
    schema of what is returned. `timeout` is how many seconds a call may take (None: as long as it needs),
    `idempotent` whether a call may be repeated without harm.

    Making a tool whose declaration is wrong raises `TypeError` or `ValueError`.
    """

    name: str
    description: str
    inputs: dict[str, dict[str, Any]]
    output_type: str
    output_schema: dict[str, Any] | None = None
    timeout: float | None = None
    idempotent: bool = False
    skip_forward_signature_validation: bool = False
    is_initialized: bool = False
    spreads_dict: bool = True
    """Whether a call with one dict of arguments by name is a call with these arguments."""

    _derived: ClassVar[tuple[str, ...]] = ("facts", "signature", "_schema", "_checks", "_binding", "_setting_up")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything, for subclasses that pass their arguments on."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the tool does; `async def` is fine."""
        raise NotImplementedError(f"write the method forward() of {type(self).__name__}")

    def setup(self) -> None:
        """Prepare what is costly (load a model, connect). Called once, before the first call."""

    def validate_arguments(self) -> None:
        """Check the declaration. Raises `TypeError` or `ValueError`."""
        check_declaration(self)

    # What is known of it

    @cached_property
    def facts(self) -> Facts:
        """Its parameters, what it returns, its docstring."""
        return read_declaration(self)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters, typed."""
        return self.facts.parameters

    @property
    def returns_description(self) -> str:
        """What is said of the value it returns; "" if nothing is."""
        return self.facts.docstring.returns

    @cached_property
    def signature(self) -> inspect.Signature:
        """How it is called: names, types, defaults, in order."""
        return self.facts.signature()

    @property
    def is_async(self) -> bool:
        """Whether `forward` is a coroutine function."""
        return inspect.iscoroutinefunction(self.forward)

    # A call's arguments

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a call by name, as given. Raises `TypeError` when they don't fit the signature.

        A single dict whose keys are all names of arguments is taken as those arguments, if the tool `spreads_dict`.
        """
        positional, required, known = self._binding
        only = args[0] if self.spreads_dict and len(args) == 1 and not kwargs else None
        if type(only) is dict and only and only.keys() <= known:
            args, kwargs = (), only
        bound = dict(zip(positional, args, strict=False))
        if len(args) > len(positional) or not bound.keys().isdisjoint(kwargs):
            raise self._misfit(args, kwargs)
        bound.update(kwargs)
        if not required <= bound.keys() <= known:
            raise self._misfit(args, kwargs)
        return bound

    def validate(self, arguments: Any) -> dict[str, Any]:
        """The arguments (by name), each converted where its type asks for it and left the same object where not.

        Defaults are not filled in; a null for an argument that has another default is left out. A bare value is
        taken as the argument of a tool with one. Raises `AgentToolCallError` that says for each argument what is
        wrong and what is expected.
        """
        return self._checks.run(self.name, arguments)

    # How a model sees it

    def to_code_prompt(self) -> str:
        """A typed Python stub with a docstring."""
        return code_stub(self)

    def to_tool_calling_prompt(self) -> str:
        """Signature and description in few lines of text."""
        return call_stub(self)

    def json_schema(self) -> dict[str, Any]:
        """`{"type": "function", "function": {name, description, parameters}}`, in standard JSON schema."""
        function = {"name": self.name, "description": self.description, "parameters": deepcopy(self._schema)}
        return {"type": "function", "function": function}

    # As source code

    def to_dict(self) -> dict[str, Any]:
        """`{"name", "code", "requirements"}`. Raises `ValueError` if the code doesn't stand alone."""
        from .source import tool_to_dict

        return tool_to_dict(self)

    @staticmethod
    def from_dict(tool_dict: dict[str, Any], **kwargs: Any) -> Tool:
        """The tool that `to_dict` wrote; runs its code. Raises `ValueError` if there is none."""
        from .source import tool_from_dict

        return tool_from_dict(tool_dict, **kwargs)

    @staticmethod
    def from_code(tool_code: str, **kwargs: Any) -> Tool:
        """The tool that this code defines; runs the code. Raises `ValueError` if it defines none."""
        from .source import tool_from_code

        return tool_from_code(tool_code, **kwargs)

    def save(self, output_dir: str | Path, tool_file_name: str = "tool") -> None:
        """Write the code and `requirements.txt` into a folder. Raises as `to_dict` does."""
        from .source import save_tool

        save_tool(self, output_dir, tool_file_name)

    # Calling it

    def __call__(self, *args: Any, sanitize_inputs_outputs: bool = False, **kwargs: Any) -> Any:
        """Call the tool and wait for its result. Arguments are bound, not validated.

        With `sanitize_inputs_outputs`, media values (`AgentImage`, ...) are unwrapped on the way in and the result
        is wrapped by `output_type`; an iterator becomes a list, of at most `MOST_ITEMS`.
        """
        result = self._begin(self.bind(args, kwargs), sanitize_inputs_outputs)
        if inspect.isawaitable(result):
            result = wait(result, instead=f"{self.name}.acall(...)")
        return self._sanitized(result) if sanitize_inputs_outputs else result

    async def acall(self, *, sanitize_inputs_outputs: bool = False, **arguments: Any) -> Any:
        """Call the tool without blocking the event loop: what isn't async runs on a thread.

        Cancelling stops it, as soon as it executes Python code again.
        """
        if not self.is_async:
            return await in_worker(self, sanitize_inputs_outputs=sanitize_inputs_outputs, **arguments)
        bound = self.bind((), arguments)
        if self._only_awaits and self.is_initialized:
            result = self._begin(bound, sanitize_inputs_outputs)
        else:
            result = await in_worker(self._begin, bound, sanitize_inputs_outputs)
        if inspect.isawaitable(result):
            result = await result
        return self._sanitized(result) if sanitize_inputs_outputs else result

    def _sanitized(self, result: Any) -> Any:
        """The result for whoever can only look at it: wrapped by `output_type`, and an iterator as a list."""
        return handle_agent_output_types(listed(result), self.output_type)

    @property
    def _only_awaits(self) -> bool:
        """Whether calling `forward` does nothing yet: it is a coroutine function, not a decorator around one."""
        return self.is_async

    def _begin(self, arguments: dict[str, Any], unwrapped: bool) -> Any:
        """What `forward` returns, which may have to be awaited. `unwrapped`: it gets media values unwrapped."""
        self._prepare()
        return self.forward(**(handle_agent_input_types(**arguments)[1] if unwrapped else arguments))

    def _prepare(self) -> None:
        """Call `setup` if nobody has; concurrent first calls wait for it."""
        if self.is_initialized:
            return
        with self.__dict__.setdefault("_setting_up", threading.RLock()):
            if not self.is_initialized:
                self.setup()
                self.is_initialized = True

    # What it derives from its declaration

    @cached_property
    def _schema(self) -> dict[str, Any]:
        return object_schema(self.parameters)

    @cached_property
    def _checks(self) -> Checks:
        return Checks(self.parameters)

    @cached_property
    def _binding(self) -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
        """The names that may be given by position, that must be given, and all of them."""
        parameters = list(self.signature.parameters.values())
        positional = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        required = frozenset(p.name for p in parameters if p.default is p.empty)
        return positional, required, frozenset(p.name for p in parameters)

    def _misfit(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TypeError:
        try:
            self.signature.bind(*args, **kwargs)
        except TypeError as error:
            return TypeError(f"{self.name}() {error}; call it as {self.name}{signature_text(self)}")
        return TypeError(f"{self.name}() can't be called with {args!r}, {kwargs!r}")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in self._derived}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}{signature_text(self)}>"


def listed(result: Any) -> Any:
    """A generator, or another iterator, as a list that ends in "..." where there is more; else what was given."""
    if not isinstance(result, Iterator):
        return result
    items = list(islice(result, MOST_ITEMS + 1))
    if len(items) <= MOST_ITEMS:
        return items
    close = getattr(result, "close", None)
    if close is not None:
        close()
    return [*items[:MOST_ITEMS], "..."]


def validate_tool_arguments(tool: Tool, arguments: Any) -> None:
    """Check the arguments of a call, as `Tool.validate` does but by smolagents' errors.

    Raises `TypeError` when a value has the wrong type, `ValueError` when an argument is unknown or missing.
    """
    try:
        tool.validate(arguments)
    except AgentToolCallError as error:
        _, problems = Checks(tool.parameters).look(arguments)
        kind = TypeError if all(problem.of_type for problem in problems) else ValueError
        raise kind(str(error)) from error
