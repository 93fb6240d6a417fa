"""The kernel: a namespace, and snippets that run in it natively; and all that it needs to do so inside a box.

It is one file of plain standard-library Python (3.9 and later, also Pyodide) that knows nothing of the rest of
actlet, so that the same code runs in this process and in every box. It holds no policy: whoever starts it chooses
the builtins. Every box waits for this file to be loaded: what takes long to import is imported where it is needed,
and `json`, `signal`, `threading` and `collections`, which bring many others with them, only as the C modules below
them.

Its parts, each built on those above it:

- `Kernel`: a snippet becomes what came of it: the value of its last statement, what it printed, its final answer,
  or its error in terms of its own lines. The local box uses this part alone.
- Frames: a message is the length of a header, the header (JSON), and blobs of bytes. Both sides use this part, and
  the next.
- Values: `Codec` turns a value into tagged JSON and blobs, and back, within `Limits`.
- Bytes, both ways: `ByteReader`, and what a guest sends and receives by, a `Wire`.
- Files: `Folder`, the work folder.
- The guest: `Guest` does what the host's messages say, `Stub` is what a snippet calls in place of a tool;
  `ProcessGuest` adds what only a process has. `start` and `main` are where a box's process begins.

How the last value is had: the last statement `f(x)` is compiled as `<value> = f(x)`, and `y = f(x)` as
`<value> = y = f(x)`. No program can write that name, the expression is evaluated once, and lines stay the same.
"""

from __future__ import annotations

import _ast as ast  # the classes, without the tools, which nothing here needs
import _thread
import itertools
import os
import sys
import time
from _json import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False  # importing `typing` takes a tenth of the time that a box takes to start
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterator, Sequence
    from types import CodeType, FrameType, TracebackType
    from typing import Any, NamedTuple

    Message = dict[str, Any]
    Blob = bytes | bytearray | memoryview
else:
    from _collections import _tuplegetter, deque

    Message, Blob = dict, bytes
    CodeType = type((lambda: None).__code__)

    class _Named(type):
        """Makes a named tuple of a class, as `typing` does."""

        def __new__(cls, name, _bases, space):
            fields = tuple(space.get("__annotations__", ()))
            listed = ", ".join(fields)
            new = eval(f"lambda kind, {listed}: make(kind, ({listed},))", {"make": tuple.__new__})
            new.__defaults__ = tuple(space.pop(field) for field in fields if field in space)
            getters = {field: _tuplegetter(place, field) for place, field in enumerate(fields)}
            methods = {"__new__": new, "__slots__": (), "_fields": fields}
            return type(name, (_Tuple,), {**space, **getters, **methods})

    class _Tuple(tuple):
        __slots__ = ()

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"

        def _asdict(self):
            return dict(zip(self._fields, self))  # noqa: B905

        def _replace(self, **named):
            return type(self)(**{**self._asdict(), **named})

    NamedTuple = type.__new__(_Named, "NamedTuple", (), {})


VALUE = "<value>"
"""The name that holds the value of the last statement while a snippet runs."""

SHOWN_FRAMES = 12
"""How many frames of a traceback are shown: the first half and the last."""

SHOWN_MESSAGE = 4_000
"""How many characters of an error's message are shown."""

SHOWN_VALUE = 20_000
"""How many characters of a value's text are kept."""

KEPT_SOURCES = 200
"""How many earlier snippets are kept, to show the lines of functions that were defined in them."""


class FinalAnswer(BaseException):
    """Ends a snippet with its final answer. A `BaseException`, so that `except Exception` lets it pass."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class Failure(NamedTuple):
    """An error of a snippet: its type and message, the line it left the snippet through, its own frames as text."""

    type: str
    message: str
    line: int | None = None
    traceback: str = ""


class Ended(NamedTuple):
    """How a snippet ended.

    `shown`: the last statement was an expression. `text`: that value, or the final answer, as text. `changed`: the
    top-level names that it changed.
    """

    value: Any = None
    shown: bool = False
    text: str | None = None
    final: bool = False
    failure: Failure | None = None
    changed: tuple[str, ...] = ()
    exception: BaseException | None = None


class Kernel:
    """Runs snippets, one at a time, in one namespace."""

    def __init__(self, builtins: dict[str, Any]) -> None:
        self.builtins = builtins
        self.namespace: dict[str, Any] = {}
        self._sources: dict[str, str] = {}
        self._answer: FinalAnswer | None = None
        self._number = next(_numbers)
        self._count = 0
        self._rebound: frozenset[str] = frozenset()
        self._starred = False
        self.forget()

    def forget(self) -> None:
        """Drop every variable."""
        self.namespace.clear()
        self.namespace.update({"__name__": "__main__", "__builtins__": self.builtins})
        self._sources.clear()

    def parse(self, source: str) -> ast.Module:
        """The snippet's tree, with the name of the snippet's own file for `run`. Raises what the parser raises."""
        self._count += 1
        self._sources[self.filename] = source
        if len(self._sources) > KEPT_SOURCES:
            del self._sources[next(iter(self._sources))]
        tree: ast.Module = tree_of(source, self.filename)
        return tree

    @property
    def filename(self) -> str:
        """The name that the present snippet's frames carry; no other snippet of this process has it."""
        return f"{_FILENAME}{self._number}-{self._count}>"

    def run(self, tree: ast.Module) -> Ended:
        """Run a tree that `parse` returned last (and that may have been changed). Raises nothing."""
        namespace = self.namespace
        before: dict[str, int] = {}
        self._answer = None
        value, failure, exception, shown, alias = None, None, None, False, None
        try:
            shown, alias = keep_last_value(tree)
            code = compile(tree, self.filename, "exec", dont_inherit=True)
            before = self._watched(code)
            exec(code, namespace)
        except FinalAnswer:
            pass
        except BaseException as error:
            if self._answer is None or not _holds(error, self._answer):
                exception, failure = error, self.describe(error)
        value = namespace.pop(VALUE, None)
        if alias is not None:
            value = namespace.get(alias)
        changed = self._changed(before)
        if failure is not None:
            return Ended(failure=failure, changed=changed, exception=exception)
        if self._answer is not None:
            value, self._answer = self._answer.value, None  # what it was raised through need not be kept
            return Ended(value, text=text_of(value), final=True, changed=changed)
        return Ended(value, shown, text_of(value) if shown else None, changed=changed)

    def finish(self, value: Any) -> None:
        """End the running snippet with its final answer. The first one counts, whatever the snippet catches, unless
        it fails afterwards."""
        if self._answer is None:
            self._answer = FinalAnswer(value)
        raise self._answer

    @property
    def answered(self) -> bool:
        """Whether the running snippet has given its final answer."""
        return self._answer is not None

    def describe(self, error: BaseException) -> Failure:
        """An error of the present snippet, in terms of its own lines."""
        if isinstance(error, SyntaxError) and error.filename == self.filename:
            return _syntax_failure(error)
        frames = list(self._frames(error.__traceback__))
        line = next((number for file, number, _ in frames if file == self.filename), None)
        return Failure(type(error).__name__, message_of(error), line, self._shown(frames))

    def position(self, frame: FrameType | None) -> tuple[int | None, str]:
        """The line of the present snippet that a thread whose innermost frame is `frame` is at, and its frames."""
        frames: list[tuple[str, int, str]] = []
        while frame is not None:
            if frame.f_code.co_filename in self._sources:
                frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
            frame = frame.f_back
        frames.reverse()
        line = next((number for file, number, _ in frames if file == self.filename), None)
        return line, self._shown(frames)

    def _frames(self, trace: TracebackType | None) -> Iterator[tuple[str, int, str]]:
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename in self._sources:
                yield code.co_filename, trace.tb_lineno, code.co_name
            trace = trace.tb_next

    def _shown(self, frames: list[tuple[str, int, str]]) -> str:
        """The frames as text, each that repeats itself once, and only the outermost and innermost of very many."""
        groups = [(frame, sum(1 for _ in same)) for frame, same in itertools.groupby(frames)]
        shown = [self._shown_frame(frame) + (f" ({times} times)" if times > 1 else "") for frame, times in groups]
        if len(shown) > SHOWN_FRAMES:
            half = SHOWN_FRAMES // 2
            shown[half:-half] = [f"... {len(shown) - 2 * half} more frames ..."]
        return "\n".join(shown)

    def _shown_frame(self, frame: tuple[str, int, str]) -> str:
        file, number, function = frame
        lines = self._sources.get(file, "").splitlines()
        source = lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""
        where = f"line {number}" if file == self.filename else f"line {number} of an earlier snippet"
        return f"{where}: {source}" if function == "<module>" else f"{where}, in {function}: {source}"

    def _watched(self, code: CodeType) -> dict[str, int]:
        """The identities of the values that a snippet may rebind: of all names, where it says `import *`.

        Costs what the snippet is long, not how many variables there are.
        """
        if rebound := _global_names(code):
            self._rebound |= rebound
        names = {*code.co_names, *self._rebound}
        if ("*",) in code.co_consts:
            names |= self.namespace.keys()
            self._starred = True
        return {name: id(self.namespace[name]) if name in self.namespace else 0 for name in names}

    def _changed(self, before: dict[str, int]) -> tuple[str, ...]:
        namespace = self.namespace
        names = [n for n, was in before.items() if (id(namespace[n]) if n in namespace else 0) != was]
        if self._starred:
            self._starred = False
            names += [name for name in namespace if name not in before]
        return tuple(sorted(name for name in names if not name.startswith("__")))


def _holds(error: BaseException, answer: FinalAnswer) -> bool:
    """Whether an error is the final answer, or a group (of `asyncio.TaskGroup`, say) that has it in it."""
    parts = getattr(error, "exceptions", None)
    return error is answer or (isinstance(parts, tuple) and any(_holds(part, answer) for part in parts))


_FILENAME = "<snippet "
_numbers = itertools.count(1)
_parsing = _thread.allocate_lock()


def is_snippet(code: CodeType) -> bool:
    """Whether this is code of a snippet, and not of a library that it uses."""
    return code.co_filename.startswith(_FILENAME)


def tree_of(source: str, filename: str, mode: str = "exec", tries: int = 100) -> Any:
    """The tree of a source.

    CPython up to 3.11.7 and 3.12.1 counts the depth of trees for all threads together, and may find the count of
    one wrong when another one parses too (github.com/python/cpython/issues/106905). It is right the next time.
    """
    try:
        with _parsing:
            return compile(source, filename, mode, ast.PyCF_ONLY_AST, dont_inherit=True)
    except SystemError:
        if not tries:
            raise
        return tree_of(source, filename, mode, tries - 1)


def _global_names(code: CodeType) -> set[str]:
    """The names that functions (and comprehensions) in a snippet may rebind at its top level."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set().union(*map(_rebound_names, inner)) if inner else set()


def _rebound_names(code: CodeType) -> set[str]:
    from opcode import opmap

    rebinds = not {opmap["STORE_GLOBAL"], opmap["DELETE_GLOBAL"]}.isdisjoint(code.co_code[::2])
    return _global_names(code).union(code.co_names if rebinds else ())


def keep_last_value(tree: ast.Module) -> tuple[bool, str | None]:
    """Have the last statement keep its value.

    Returns whether it is an expression, and, for an assignment that can't keep its value, the name it assigns.
    """
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.Assign([_value_target(last)], last.value, **_place(last))
        return True, None
    if isinstance(last, ast.Assign):
        last.targets.insert(0, _value_target(last))
    elif isinstance(last, (ast.AugAssign, ast.AnnAssign)) and isinstance(last.target, ast.Name):
        return False, last.target.id
    return False, None


def _value_target(node: ast.stmt) -> ast.Name:
    return ast.Name(VALUE, ast.Store(), **_place(node))


def _place(node: ast.stmt) -> dict[str, Any]:
    return {
        "lineno": node.lineno,
        "col_offset": node.col_offset,
        "end_lineno": node.end_lineno,
        "end_col_offset": node.end_col_offset,
    }


def text_of(value: Any) -> str | None:
    """`repr(value)`, cut where it is very long; None for None. Never raises."""
    if value is None:
        return None
    try:
        return _cut(repr(value), SHOWN_VALUE)
    except KeyboardInterrupt:  # somebody stops it
        raise
    except BaseException as failed:
        return f"<a {type(value).__name__} that can't be shown: repr() raised {type(failed).__name__}>"


def message_of(error: BaseException) -> str:
    """The error's own message with its notes, cut where it is very long. Never raises."""
    try:
        text = "\n".join([str(error), *map(str, getattr(error, "__notes__", ()))])
    except KeyboardInterrupt:
        raise
    except BaseException as failed:
        text = f"<the message can't be shown: str() raised {type(failed).__name__}>"
    return _cut(text, SHOWN_MESSAGE)


def _cut(text: str, limit: int) -> str:
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]} [... {len(text) - 2 * half} characters left out ...] {text[-half:]}"
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _syntax_failure(error: SyntaxError) -> Failure:
    shown = ""
    if error.text:
        text = error.text.rstrip("\n")
        column = min(max((error.offset or 1) - 1, 0), len(text))
        shown = f"{text}\n{' ' * column}^"
    return Failure(type(error).__name__, error.msg, error.lineno, shown)


# Frames: what host and guest send each other


class FrameError(Exception):
    """What the other side sent isn't what was agreed on."""


class CrossError(Exception):
    """A value can't cross, with the reason."""


class Limits(NamedTuple):
    """What one message may hold: bytes, blobs, depth, values, digits of a number, pixels of an image."""

    header: int = 16_000_000
    message: int = 512_000_000
    depth: int = 60
    nodes: int = 2_000_000
    digits: int = 10_000
    pixels: int = 50_000_000
    handles: int = 10_000
    blobs: int = 100_000


LIMITS = Limits()


def frame(message: Message, blobs: Sequence[Blob] = (), limits: Limits = LIMITS) -> list[Blob]:
    """A message as pieces to send: the header's length, the header, the blobs. Raises `CrossError` if too large."""
    if len(blobs) > limits.blobs:
        raise CrossError(f"too many: {len(blobs)} bytes, long texts and arrays; the limit is {limits.blobs}")
    if blobs:
        message = {**message, "blobs": [len(blob) for blob in blobs]}
    header = _to_json(message).encode("ascii")
    if len(header) > limits.header or sum(map(len, blobs)) > limits.message:
        size = len(header) + sum(map(len, blobs))
        raise CrossError(
            f"too large to send: {size} bytes; the limit is {limits.header} for text and plain containers "
            f"and {limits.message} in all. Send less, or write it to a file"
        )
    return [len(header).to_bytes(4, "big") + header, *blobs]


def read_frame(read: Callable[[int], bytearray], limits: Limits = LIMITS) -> tuple[Message, list[bytearray | None]]:
    """The next message and its blobs. `read(n)` gives exactly n bytes, or raises. Raises `FrameError`."""
    length = int.from_bytes(read(4), "big")
    if length > limits.header:
        raise FrameError(f"a header of {length} bytes; the limit is {limits.header}")
    try:
        message = _from_json(_whole(read(length).decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a header that is no message: {type(error).__name__}") from None
    if type(message) is not dict or type(message.get("is")) is not str:
        raise FrameError("a header that is no message")
    sizes = message.pop("blobs", [])
    if type(sizes) is not list or not all(type(size) is int and size >= 0 for size in sizes):
        raise FrameError("sizes of blobs that are no sizes")
    if len(sizes) > limits.blobs or sum(sizes) > limits.message:
        raise FrameError(
            f"{len(sizes)} blobs of {sum(sizes)} bytes; the limit is {limits.blobs} of {limits.message}"
        )
    return message, [read(size) for size in sizes]


_HALVES = r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


def _whole(text: str) -> str:
    """JSON without halves of characters (surrogates), which nobody can write to a file: U+FFFD instead."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    import re

    return re.sub(_HALVES, lambda found: found[1] or "\\ufffd", text)


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def _no_value(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is no value of JSON")


class _Context:
    """How `make_scanner` is to read JSON."""

    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, staticmethod(_no_constant)


_scan = make_scanner(_Context)  # type: ignore[arg-type]
_pieces = make_encoder(None, _no_value, encode_basestring_ascii, None, ":", ",", False, False, False)


def _to_json(message: Any) -> str:
    return "".join(_pieces(message, 0))


def _from_json(text: str) -> Any:
    """Raises `ValueError` for what is no JSON, or is more than that."""
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError):  # the latter from Python 3.10 and 3.11 where nobody has imported `json`
        end = -1
    if end != len(text):
        raise ValueError("no JSON")
    return value


# Values


class Handle:
    """Stands for an object that stayed where it is. Handed back, its owner gets the object itself."""

    __slots__ = ("_number", "_owner", "_text", "_type")

    def __init__(self, owner: object, number: int, type_name: str, text: str) -> None:
        self._owner, self._number, self._type, self._text = owner, number, type_name, text

    def __repr__(self) -> str:
        return f"<{self._type} that stayed outside: {self._text}>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self!r} has no attribute {name!r} here: only what it stands for has; hand it to a tool, or back"
        )


class Record:
    """The fields of a dataclass or a model from the other side: as attributes, and as a dict by `vars(record)`."""

    __slots__ = ("__dict__", "_type")

    def __init__(self, type_name: str, fields: dict[str, Any]) -> None:
        self._type = type_name
        self.__dict__.update(fields)

    def __repr__(self) -> str:
        return f"{self._type}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return self._type == other._type and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


LIBRARIES = ("numpy", "pandas", "PIL")
_INFINITE = float("inf")
_KINDS = "biufcmMSU"
_MODES = {"1", "L", "LA", "RGB", "RGBA", "I", "F", "CMYK", "I;16"}
_DECIMAL = r"[+-]?(\d+(\.\d*)?|\.\d+)(E[+-]?\d{1,6})?|[+-]?(s?NaN\d*|Inf(inity)?)"


def _are_finite(values: list[float]) -> bool:
    import math

    return all(map(math.isfinite, values))


def libraries() -> list[str]:
    """Those of `LIBRARIES` that are there."""
    from _frozen_importlib_external import PathFinder  # which `importlib.machinery` is

    return [name for name in LIBRARIES if name in sys.modules or PathFinder.find_spec(name) is not None]


class Codec:
    """Values to and from what crosses: raw scalars, and `[tag, ...]` for everything else.

    `takes`: the libraries of the other side. `trusting`: the other side is the host. Handles belong to one codec.
    """

    def __init__(self, limits: Limits = LIMITS, *, trusting: bool = False) -> None:
        self.limits = limits
        self.trusting = trusting
        self.takes: frozenset[str] = frozenset()
        self._held: dict[int, Any] = {}
        self._numbers = itertools.count(1)

    def forget(self) -> None:
        """Give up the objects that handles stand for."""
        self._held.clear()

    def encode(self, value: Any, blobs: list[Blob]) -> Any:
        """What crosses for `value`; what is large is added to `blobs`. Raises `CrossError`."""
        return _Encoding(self, blobs).any_(value, 0)

    def decode(self, node: Any, blobs: list[bytearray | None]) -> Any:
        """The value that crossed. Raises `FrameError`."""
        try:
            return _Decoding(self, blobs).any_(node, 0)
        except FrameError:
            raise
        except Exception as error:
            raise FrameError(f"a value that is none: {type(error).__name__}: {error!s:.200}") from None

    def hold(self, value: Any) -> list[Any]:
        """A handle for an object of this side."""
        number = next(self._numbers)
        self._held[number] = value
        if len(self._held) > self.limits.handles:
            del self._held[next(iter(self._held))]
        try:
            text = _cut(repr(value), 200)
        except (Exception, SystemExit, GeneratorExit) as failed:
            text = f"repr() raised {type(failed).__name__}"
        return ["handle", number, str(type(value).__name__)[:100], text]

    def held(self, number: Any) -> Any:
        """The object of this side that a handle stands for."""
        try:
            return self._held[number]
        except (KeyError, TypeError):
            raise FrameError(f"there is no object {number!r:.40}; it may have been given up") from None


class _Encoding:
    """One message's values on their way out."""

    def __init__(self, codec: Codec, blobs: list[Blob]) -> None:
        self.codec, self.blobs, self.nodes = codec, blobs, 0
        self.inside: set[int] = set()

    def any_(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return value if len(value) <= 4096 else ["text", self.blob(value.encode("utf-8", "surrogatepass"))]
        if kind is int:
            return value if -(1 << 53) < value < (1 << 53) else self.big(value)
        if kind is float:
            return value if -_INFINITE < value < _INFINITE else ["float", repr(value)]
        self.count(1)
        if depth > self.codec.limits.depth:
            raise CrossError(f"nested more than {self.codec.limits.depth} deep")
        way = _WAYS.get(kind)
        if way is None:
            way = _way_of(kind)
        if way in _CONTAINERS:
            return self.container(way, value, depth)
        return way(self, value, depth)

    def count(self, number: int) -> None:
        self.nodes += number
        if self.nodes > self.codec.limits.nodes:
            raise CrossError(f"more than {self.codec.limits.nodes} values in containers; the limit is that many")

    def container(self, way: Callable[..., Any], value: Any, depth: int) -> Any:
        if id(value) in self.inside:
            raise CrossError(f"a {type(value).__name__} that contains itself")
        self.inside.add(id(value))
        node = way(self, value, depth)
        self.inside.discard(id(value))
        return node

    def blob(self, data: Blob) -> int:
        self.blobs.append(data)
        return len(self.blobs) - 1

    def big(self, value: int) -> Any:
        if value.bit_length() > self.codec.limits.digits * 4:
            raise CrossError(f"a number of more than {self.codec.limits.digits} digits")
        return ["int", format(value, "x")]

    def items(self, tag: str, values: list[Any], depth: int) -> Any:
        self.count(len(values))
        kinds = set(map(type, values))
        if (
            (kinds == {str} and max(map(len, values)) <= 4096)
            or (kinds == {float} and _are_finite(values))
            or (kinds == {int} and min(values) > -(1 << 53) and max(values) < (1 << 53))
        ):  # fmt: skip
            return [tag, *values]
        return [tag, *[self.any_(value, depth + 1) for value in values]]

    def list_(self, value: Any, depth: int) -> Any:
        return self.items("list", list.copy(value), depth)

    def tuple_(self, value: Any, depth: int) -> Any:
        return self.items("tuple", [*tuple.__iter__(value)], depth)

    def set_(self, value: Any, depth: int) -> Any:
        return self.items("set", [*set.__iter__(value)], depth)

    def frozenset_(self, value: Any, depth: int) -> Any:
        return self.items("frozenset", [*frozenset.__iter__(value)], depth)

    def dict_(self, value: Any, depth: int) -> Any:
        flat: Any = []
        for pair in dict.items(value):
            flat += pair
        return self.items("dict", flat, depth)

    def int_(self, value: Any, depth: int) -> Any:
        return self.any_(int.__index__(value), depth)

    def float_(self, value: Any, depth: int) -> Any:
        return self.any_(float.__float__(value), depth)

    def str_(self, value: Any, depth: int) -> Any:
        return self.any_(str.__getitem__(value, slice(None)), depth)

    def bytes_(self, value: Any, _depth: int) -> Any:
        return ["bytes", self.blob(bytes.__getitem__(value, slice(None)))]

    def bytearray_(self, value: Any, _depth: int) -> Any:
        return ["bytearray", self.blob(bytes(value))]

    def complex_(self, value: Any, depth: int) -> Any:
        return ["complex", self.any_(value.real, depth), self.any_(value.imag, depth)]

    def range_(self, value: Any, depth: int) -> Any:
        return ["range", *[self.any_(part, depth) for part in (value.start, value.stop, value.step)]]

    def handle(self, value: Any, _depth: int) -> Any:
        return self.codec.hold(value)

    def returned(self, value: Any, _depth: int) -> Any:
        if value._owner is not self.codec:
            return self.codec.hold(value)
        return ["own", value._number]

    def record(self, value: Any, depth: int) -> Any:
        return self.fields(value._type, value.__dict__, depth)

    def fields(self, name: Any, fields: Any, depth: int) -> Any:
        return ["record", name[:200], self.dict_(fields, depth)]

    def dataclass(self, value: Any, depth: int) -> Any:
        names = [name for name in type(value).__dataclass_fields__ if hasattr(value, name)]
        return self.fields(type(value).__name__, {name: getattr(value, name) for name in names}, depth)

    def model(self, value: Any, depth: int) -> Any:
        return self.fields(type(value).__name__, value.model_dump(), depth)

    def enum(self, value: Any, depth: int) -> Any:
        return self.any_(value._value_, depth + 1)

    def date(self, value: Any, _depth: int) -> Any:
        return ["date", value.isoformat()]

    def time(self, value: Any, _depth: int) -> Any:
        return ["time", value.isoformat()]

    def datetime(self, value: Any, _depth: int) -> Any:
        return ["datetime", value.isoformat(), value.fold]

    def timedelta(self, value: Any, _depth: int) -> Any:
        return ["timedelta", value.days, value.seconds, value.microseconds]

    def decimal(self, value: Any, _depth: int) -> Any:
        text = str(value)
        if len(text) > self.codec.limits.digits:
            raise CrossError(f"a number of more than {self.codec.limits.digits} digits")
        return ["decimal", text]

    def fraction(self, value: Any, depth: int) -> Any:
        return ["fraction", self.any_(value.numerator, depth), self.any_(value.denominator, depth)]

    def uuid(self, value: Any, _depth: int) -> Any:
        return ["uuid", value.hex]

    def path(self, value: Any, _depth: int) -> Any:
        return ["path", str(value)]

    def array(self, value: Any, depth: int) -> Any:
        import numpy

        if "numpy" not in self.codec.takes or type(value) is not numpy.ndarray:
            return self.codec.hold(value)
        if value.dtype.kind == "O":
            return ["objects", list(value.shape), self.items("list", value.ravel().tolist(), depth)]
        if value.dtype.kind not in _KINDS:
            return self.codec.hold(value)
        fortran = value.ndim > 1 and value.flags.f_contiguous and not value.flags.c_contiguous
        flat = numpy.ascontiguousarray(value.T if fortran else value)
        flat_bytes: Any = flat.reshape(-1).view("u1") if flat.size and flat.dtype.itemsize else b""
        data = memoryview(flat_bytes)
        return ["array", value.dtype.str, list(value.shape), fortran, self.blob(data)]

    def scalar(self, value: Any, _depth: int) -> Any:
        if "numpy" not in self.codec.takes or value.dtype.kind not in _KINDS:
            return self.codec.hold(value)
        return ["scalar", value.dtype.str, value.tobytes().hex()]

    def texts(self, values: Any, depth: int) -> Any:
        """Many values that are mostly texts: one blob where all are texts or missing."""
        if len(values) < 64 or not {type(value) for value in values} <= {str, type(None)}:
            return self.items("list", values, depth)
        missing = [place for place, value in enumerate(values) if value is None]
        joined = "\0".join([value or "" for value in values])
        if joined.count("\0") != len(values) - 1:
            return self.items("list", values, depth)
        return ["texts", len(values), missing, self.blob(joined.encode("utf-8", "surrogatepass"))]

    def column(self, series: Any, depth: int) -> Any:
        """The values of a Series or an Index: an array, texts, categories, times of a zone, or plain values."""
        import pandas

        kind = series.dtype
        if isinstance(kind, pandas.CategoricalDtype):
            data = series.values if hasattr(series.values, "codes") else series
            codes = self.array(data.codes.astype("i4"), depth)
            return ["categories", codes, self.column(kind.categories, depth), bool(kind.ordered)]
        if isinstance(kind, pandas.DatetimeTZDtype):
            times: Any = series if isinstance(series, pandas.Index) else pandas.Index(series)
            return ["moments", self.array(times.tz_convert("UTC").tz_localize(None).to_numpy(), depth)]
        if getattr(kind, "kind", "O") in "biufcmM" and not hasattr(kind, "na_value") and hasattr(kind, "itemsize"):
            return self.array(series.to_numpy(), depth)
        if isinstance(kind, pandas.StringDtype):
            values = series.astype(object).where(series.notna(), None).tolist()
            return ["strings", self.texts(values, depth)]
        return ["values", str(kind)[:40], self.texts(series.tolist(), depth)]

    def index(self, index: Any, depth: int) -> Any:
        import pandas

        if type(index) is pandas.RangeIndex:
            return ["steps", index.start, index.stop, index.step, self.any_(index.name, depth + 1)]
        if isinstance(index, pandas.MultiIndex):
            levels = [self.index(index.get_level_values(level), depth + 1) for level in range(index.nlevels)]
            return ["levels", levels]
        if isinstance(index, (pandas.PeriodIndex, pandas.IntervalIndex)):
            index = index.astype(str)
        return ["labels", self.column(index, depth + 1), self.any_(index.name, depth + 1)]

    def frame(self, value: Any, depth: int) -> Any:
        if "pandas" not in self.codec.takes or "numpy" not in self.codec.takes:
            return self.codec.hold(value)
        self.count(value.shape[1] * 4)
        columns = [self.column(value.iloc[:, place], depth + 1) for place in range(value.shape[1])]
        return ["frame", self.index(value.columns, depth), self.index(value.index, depth), columns]

    def series(self, value: Any, depth: int) -> Any:
        if "pandas" not in self.codec.takes or "numpy" not in self.codec.takes:
            return self.codec.hold(value)
        index, name = self.index(value.index, depth), self.any_(value.name, depth + 1)
        return ["series", self.column(value, depth), index, name]

    def labels(self, value: Any, depth: int) -> Any:
        if "pandas" not in self.codec.takes or "numpy" not in self.codec.takes:
            return self.codec.hold(value)
        return ["index", self.index(value, depth)]

    def moment(self, value: Any, depth: int) -> Any:
        return self.datetime(value.to_pydatetime(warn=False), depth)

    def span(self, value: Any, depth: int) -> Any:
        return self.timedelta(value.to_pytimedelta(), depth)

    def missing(self, _value: Any, _depth: int) -> Any:
        return None

    def image(self, value: Any, _depth: int) -> Any:
        width, height = value.size
        if "PIL" not in self.codec.takes:
            return self.codec.hold(value)
        if width * height > self.codec.limits.pixels:
            raise CrossError(f"an image of {width} x {height} pixels; the limit is {self.codec.limits.pixels}")
        shown = value if value.mode in _MODES else value.convert("RGBA")
        return ["image", shown.mode, width, height, self.blob(shown.tobytes())]


def _way_of(kind: type) -> Callable[..., Any]:
    """How values of a class that isn't plain cross. Goes by the classes themselves, not by what they say."""
    way = _library_way(kind)
    if way is None and kind.__dict__.get("__dataclass_fields__") is not None and "dataclasses" in sys.modules:
        way = _Encoding.dataclass
    if way is None:
        way = next((_WAYS[base] for base in kind.__mro__ if base in _WAYS), _Encoding.handle)
    if way is _Encoding.handle and hasattr(kind, "__dataclass_fields__"):
        way = _Encoding.dataclass
    return way


def _library_way(kind: type) -> Callable[..., Any] | None:
    for module, name, way in _LIBRARY_WAYS:
        loaded = sys.modules.get(module)
        base = None if loaded is None else getattr(loaded, name, None)
        if isinstance(base, type) and base in kind.__mro__:
            return way
    return None


_WAYS: dict[type, Callable[..., Any]] = {
    list: _Encoding.list_,
    tuple: _Encoding.tuple_,
    set: _Encoding.set_,
    frozenset: _Encoding.frozenset_,
    dict: _Encoding.dict_,
    int: _Encoding.int_,
    float: _Encoding.float_,
    str: _Encoding.str_,
    bytes: _Encoding.bytes_,
    bytearray: _Encoding.bytearray_,
    complex: _Encoding.complex_,
    range: _Encoding.range_,
    Handle: _Encoding.returned,
    Record: _Encoding.record,
}
_CONTAINERS = {
    _Encoding.list_, _Encoding.tuple_, _Encoding.set_, _Encoding.frozenset_, _Encoding.dict_, _Encoding.record,
    _Encoding.dataclass, _Encoding.array, _Encoding.frame, _Encoding.series, _Encoding.enum,
}  # fmt: skip
_LIBRARY_WAYS: list[tuple[str, str, Callable[..., Any]]] = [
    ("numpy", "ndarray", _Encoding.array),
    ("numpy", "generic", _Encoding.scalar),
    ("pandas", "DataFrame", _Encoding.frame),
    ("pandas", "Series", _Encoding.series),
    ("pandas", "Index", _Encoding.labels),
    ("pandas", "Timestamp", _Encoding.moment),
    ("pandas", "Timedelta", _Encoding.span),
    ("pandas._libs.tslibs.nattype", "NaTType", _Encoding.missing),
    ("pandas._libs.missing", "NAType", _Encoding.missing),
    ("PIL.Image", "Image", _Encoding.image),
    ("pydantic", "BaseModel", _Encoding.model),
    ("enum", "Enum", _Encoding.enum),
    ("datetime", "datetime", _Encoding.datetime),
    ("datetime", "date", _Encoding.date),
    ("datetime", "time", _Encoding.time),
    ("datetime", "timedelta", _Encoding.timedelta),
    ("decimal", "Decimal", _Encoding.decimal),
    ("fractions", "Fraction", _Encoding.fraction),
    ("uuid", "UUID", _Encoding.uuid),
    ("pathlib", "PurePath", _Encoding.path),
]


class _Decoding:
    """One message's values on their way in. Executes nothing, opens nothing, and believes nothing."""

    def __init__(self, codec: Codec, blobs: list[bytearray | None]) -> None:
        self.codec, self.blobs, self.nodes = codec, blobs, 0

    def any_(self, node: Any, depth: int) -> Any:
        kind = type(node)
        if kind is not list:
            if kind is dict:
                raise FrameError("a bare dict")
            return node
        if depth > self.codec.limits.depth + 4 or not node or type(node[0]) is not str:
            raise FrameError("a value without a tag, or too deep")
        self.nodes += len(node)
        if self.nodes > self.codec.limits.nodes * 2:
            raise FrameError("too many values")
        way = _TAGS.get(node[0])
        if way is None:
            raise FrameError(f"an unknown tag: {node[0]!r:.40}")
        return way(self, node[1:], depth + 1)

    def items(self, parts: list[Any], depth: int) -> list[Any]:
        if list not in set(map(type, parts)) and dict not in set(map(type, parts)):
            return parts
        return [self.any_(part, depth) for part in parts]

    def blob(self, place: Any) -> bytearray:
        blob = self.blobs[place] if type(place) is int and place >= 0 else None
        if blob is None:
            raise FrameError("a blob that isn't there, or was used already")
        self.blobs[place] = None
        return blob

    def list_(self, parts: Any, depth: int) -> Any:
        return self.items(parts, depth)

    def tuple_(self, parts: Any, depth: int) -> Any:
        return tuple(self.items(parts, depth))

    def set_(self, parts: Any, depth: int) -> Any:
        return set(_spread(self.items(parts, depth)))

    def frozenset_(self, parts: Any, depth: int) -> Any:
        return frozenset(_spread(self.items(parts, depth)))

    def dict_(self, parts: Any, depth: int) -> Any:
        flat = self.items(parts, depth)
        if len(flat) % 2:
            raise FrameError("a key without a value")
        return dict(zip(_spread(flat[::2]), flat[1::2]))  # noqa: B905  Python 3.9 has no strict=

    def int_(self, parts: Any, _depth: int) -> Any:
        (text,) = parts
        if type(text) is not str or len(text) > self.codec.limits.digits + 2:
            raise FrameError("a number of too many digits")
        return int(text, 16)

    def float_(self, parts: Any, _depth: int) -> Any:
        return {"nan": float("nan"), "inf": _INFINITE, "-inf": -_INFINITE}[parts[0]]

    def text(self, parts: Any, _depth: int) -> Any:
        return self.blob(parts[0]).decode("utf-8", "replace")

    def bytes_(self, parts: Any, _depth: int) -> Any:
        return bytes(self.blob(parts[0]))

    def bytearray_(self, parts: Any, _depth: int) -> Any:
        return self.blob(parts[0])

    def complex_(self, parts: Any, depth: int) -> Any:
        real, imaginary = self.items(parts, depth)
        return complex(real, imaginary)

    def range_(self, parts: Any, depth: int) -> Any:
        return range(*self.items(parts, depth))

    def handle(self, parts: Any, _depth: int) -> Any:
        number, name, text = parts
        if type(number) is not int or type(name) is not str or type(text) is not str:
            raise FrameError("a handle that is none")
        return Handle(self.codec, number, name[:100], text[:300])

    def own(self, parts: Any, _depth: int) -> Any:
        return self.codec.held(parts[0])

    def record(self, parts: Any, depth: int) -> Any:
        name, fields = parts
        fields = self.any_(fields, depth)
        if type(name) is not str or type(fields) is not dict or not all(type(key) is str for key in fields):
            raise FrameError("a record that is none")
        return Record(name[:200], fields)

    def date(self, parts: Any, _depth: int) -> Any:
        import datetime

        return datetime.date.fromisoformat(parts[0])

    def time(self, parts: Any, _depth: int) -> Any:
        import datetime

        return datetime.time.fromisoformat(parts[0])

    def datetime(self, parts: Any, _depth: int) -> Any:
        import datetime

        return datetime.datetime.fromisoformat(parts[0]).replace(fold=parts[1])

    def timedelta(self, parts: Any, _depth: int) -> Any:
        import datetime

        days, seconds, microseconds = parts
        return datetime.timedelta(days, seconds, microseconds)

    def decimal(self, parts: Any, _depth: int) -> Any:
        import decimal
        import re

        (text,) = parts
        if len(text) > self.codec.limits.digits or not re.fullmatch(_DECIMAL, text, re.IGNORECASE):
            raise FrameError("a decimal that is none")
        return decimal.Decimal(text)

    def fraction(self, parts: Any, depth: int) -> Any:
        import fractions

        above, below = self.items(parts, depth)
        if type(above) is not int or type(below) is not int:
            raise FrameError("a fraction that is none")
        return fractions.Fraction(above, below)

    def uuid(self, parts: Any, _depth: int) -> Any:
        import uuid

        return uuid.UUID(hex=parts[0])

    def path(self, parts: Any, _depth: int) -> Any:
        """A path of the host's is one; a path from inside a box is text, which no host opens by mistake."""
        if type(parts[0]) is not str:
            raise FrameError("a path that is none")
        if not self.codec.trusting:
            return parts[0]
        import pathlib

        return pathlib.Path(parts[0])

    def array(self, parts: Any, _depth: int) -> Any:
        import math

        import numpy

        kind, shape, fortran, place = parts
        dtype, shape, data = _dtype(kind), _shape(shape), self.blob(place)
        if len(data) != math.prod(shape) * dtype.itemsize:
            raise FrameError("an array of another size than it says")
        if not data:
            return numpy.empty(shape, dtype)
        flat = numpy.frombuffer(data, dtype)
        return flat.reshape(shape[::-1]).T if fortran is True else flat.reshape(shape)

    def scalar(self, parts: Any, _depth: int) -> Any:
        import numpy

        kind, digits = parts
        dtype, data = _dtype(kind), bytearray.fromhex(digits)
        return numpy.frombuffer(data, dtype, 1)[0] if dtype.itemsize else dtype.type()

    def objects(self, parts: Any, depth: int) -> Any:
        import numpy

        shape, values = _shape(parts[0]), self.any_(parts[1], depth)
        array = numpy.empty(len(values), object)
        array[:] = values
        return array.reshape(shape)

    def texts(self, parts: Any, _depth: int) -> Any:
        number, missing, place = parts
        data = self.blob(place)
        if type(number) is not int or number > self.codec.limits.nodes * 10 or data.count(b"\0") != number - 1:
            raise FrameError("texts of another number than they say")
        values: Any = data.decode("utf-8", "replace").split("\0")
        for place in missing:
            values[place] = None
        return values

    def column(self, node: Any, depth: int) -> Any:
        """Values for a Series or an Index."""
        import pandas

        if type(node) is not list or not node:
            raise FrameError("a column that is none")
        if node[0] == "categories":
            _, codes, categories, ordered = node
            known = self.names(categories, depth + 1)
            return pandas.Categorical.from_codes(self.any_(codes, depth), known, ordered=ordered is True)
        if node[0] == "moments":
            return pandas.DatetimeIndex(self.any_(node[1], depth)).tz_localize("UTC")
        if node[0] == "strings":
            return pandas.array(self.any_(node[1], depth), dtype="str" if pandas.__version__ >= "3" else "string")
        if node[0] == "values":
            values = self.any_(node[2], depth)
            if node[1] in _NULLABLE:
                return pandas.array(values, dtype=node[1])
            return pandas.Series(values, dtype=object)
        return self.any_(node, depth)

    def names(self, node: Any, depth: int) -> Any:
        """A column that pandas makes a table of."""
        column = self.column(node, depth)
        if getattr(getattr(column, "dtype", None), "kind", "O") == "O":
            _spread(list(column))
        return column

    def index(self, node: Any, depth: int) -> Any:
        import pandas

        if type(node) is not list or not node or depth > self.codec.limits.depth:
            raise FrameError("an index that is none")
        if node[0] == "steps":
            return _steps(*node[1:4]).rename(_label(self.any_(node[4], depth)))
        if node[0] == "levels":
            levels = [self.index(level, depth + 1) for level in node[1]]
            return pandas.MultiIndex.from_arrays(levels, names=[level.name for level in levels])
        return pandas.Index(self.names(node[1], depth), name=_label(self.any_(node[2], depth)))

    def frame(self, parts: Any, depth: int) -> Any:
        import pandas

        names, index, nodes = parts
        names, index = self.index(names, depth), self.index(index, depth)
        columns = {place: self.column(node, depth) for place, node in enumerate(nodes)}
        if any(len(column) != len(index) for column in columns.values()) or len(names) != len(columns):
            raise FrameError("a table whose columns differ in length")
        values = {place: _bare(column) for place, column in columns.items()}
        frame = pandas.DataFrame(values, index=index, copy=False)
        frame.columns = names
        return frame

    def series(self, parts: Any, depth: int) -> Any:
        import pandas

        values, index, name = parts
        values, index = self.column(values, depth), self.index(index, depth)
        return pandas.Series(_bare(values), index=index, name=_label(self.any_(name, depth)), copy=False)

    def labels(self, parts: Any, depth: int) -> Any:
        return self.index(parts[0], depth)

    def image(self, parts: Any, _depth: int) -> Any:
        from PIL import Image

        mode, width, height, place = parts
        if mode not in _MODES or type(width) is not int or type(height) is not int or min(width, height) < 0:
            raise FrameError("an image that is none")
        if width * height > self.codec.limits.pixels:
            raise FrameError(f"an image of more than {self.codec.limits.pixels} pixels")
        return Image.frombytes(mode, (width, height), bytes(self.blob(place)))


_TAGS: dict[str, Callable[..., Any]] = {
    name: getattr(_Decoding, name + "_", None) or getattr(_Decoding, name)
    for name in (  # noqa: SIM905
        "list tuple set frozenset dict int float text bytes bytearray complex range handle own record date time "
        "datetime timedelta decimal fraction uuid path array scalar objects texts frame series image"
    ).split()
}
_TAGS["index"] = _Decoding.labels
_NULLABLE = {
    "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "boolean",
}  # fmt: skip


MOST_ALIKE = 1_000
"""Keys that may have the hash of another one: each is compared with all of them."""


def _spread(keys: list[Any]) -> list[Any]:
    """Keys, if not many of them have the same hash, which would make a table of them take for ever."""
    if len(keys) > MOST_ALIKE and len(keys) - len(set(map(hash, keys))) > MOST_ALIKE:
        raise FrameError("keys whose hashes are the same")
    return keys


def _dtype(text: Any) -> Any:
    import re

    import numpy

    if type(text) is not str or not re.fullmatch(r"[<>|=][biufcmMSU]\d{1,9}(\[\d{0,4}[A-Za-z]{1,2}\])?", text):
        raise FrameError(f"an array of a kind that doesn't cross: {text!r:.40}")
    return numpy.dtype(text)


def _shape(shape: Any) -> tuple[int, ...]:
    if type(shape) is not list or len(shape) > 32 or not all(type(n) is int and 0 <= n < 1 << 40 for n in shape):
        raise FrameError("an array without a shape")
    return tuple(shape)


def _steps(start: Any, stop: Any, step: Any) -> Any:
    import pandas

    return pandas.RangeIndex(start, stop, step)


def _label(name: Any) -> Any:
    hash(name)
    return name


def _bare(column: Any) -> Any:
    """The values of a Series without its labels, which would be lined up with others."""
    return column.array if hasattr(column, "array") and hasattr(column, "index") else column


# Bytes, both ways


class ByteReader:
    """The bytes of a descriptor, read ahead, so that a small message is read at once.

    To fall asleep and be woken takes longer than most answers take. So where the last wait was short, the next one
    begins with asking again and again, for a moment; where that was in vain, it doesn't.
    """

    def __init__(self, fd: int) -> None:
        import select

        self.fd = fd
        self.ahead = bytearray()
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        self._was_short = False

    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes, waiting for them. Raises `EOFError` if there are no more."""
        ahead = self.ahead
        if size > READ_AHEAD:
            return self._read_much(size)
        while len(ahead) < size:
            ahead += self.some()
        data = ahead[:size]
        del ahead[:size]
        return data

    def _read_much(self, size: int) -> bytearray:
        """Without copying, beyond what is there already."""
        data = bytearray(size)
        ready = min(len(self.ahead), size)
        data[:ready] = self.ahead[:ready]
        del self.ahead[:ready]
        view = memoryview(data)[ready:]
        while view:
            view = view[self._wait(os.readv, [view[: 1 << 20]]) :]
        return data

    def some(self) -> bytes:
        """The bytes that come next, at least one."""
        data: bytes = self._wait(os.read, READ_AHEAD)
        return data

    def _wait(self, read: Callable[[int, Any], Any], what: Any) -> Any:
        self.wait()
        got = read(self.fd, what)
        if not got:
            raise EOFError("the channel was closed by the other side")
        return got

    def wait(self) -> None:
        """Until there is something to read."""
        began = time.perf_counter()
        for _ in range(MOST_LOOKS if self._was_short and SEVERAL_CPUS else 0):
            if self._poll.poll(0):
                return
            if time.perf_counter() - began > SHORT_WAIT:
                break
        self._sleep()
        self._was_short = time.perf_counter() - began < SHORT_WAIT

    def _sleep(self) -> None:
        self._poll.poll()


READ_AHEAD = 65_536
"""Bytes that are read at once."""

SHORT_WAIT = 0.000_2
"""Seconds that a wait takes at most to count as short, and for which the next one asks again and again."""

MOST_LOOKS = 1_000
"""How often it asks, at most: a snippet, or a test, may have stopped the clock."""

SEVERAL_CPUS = not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) > 1
"""Whether the other side can go on while this one doesn't sleep."""


class LineReader(ByteReader):
    """The bytes that come as lines of base64."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._lines = FromLines()

    def _read_much(self, size: int) -> bytearray:
        while len(self.ahead) < size:
            self.ahead += self.some()
        data, self.ahead = self.ahead[:size], self.ahead[size:]
        return data

    def some(self) -> bytes:
        """The bytes of the lines that come next, at least one."""
        while not (data := self._lines.feed(super().some())):
            continue
        return data


class FromLines:
    """Lines of base64, in whatever pieces they come, to bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """The bytes of the lines that are complete now. Raises `ValueError` for a line that isn't base64."""
        import binascii

        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_BYTES * 2:
            raise ValueError("a line that never ends")
        try:
            return b"".join([binascii.a2b_base64(line.strip()) for line in lines])
        except binascii.Error as error:
            raise ValueError(f"a line that isn't base64: {error}") from None


LINE_BYTES = 49_152
"""Bytes that one line of base64 stands for, at most."""


def to_lines(data: Blob) -> bytes:
    """Bytes as lines of base64."""
    import binascii

    parts = [data[start : start + LINE_BYTES] for start in range(0, len(data), LINE_BYTES)]
    return b"".join(map(binascii.b2a_base64, parts))


class Wire:
    """The guest's end of its channel: what a `Guest` sends by and receives from.

    `send(pieces)` writes all of a message, or raises `OSError`. `receive()` waits for the next message and returns
    it with its blobs (`read_frame` makes them from bytes); it raises `EOFError` when the host has closed the
    channel. One thread at a time receives. `areceive()` is the same for whoever is in an event loop: it may be
    cancelled, and then loses nothing. A runtime without threads (Pyodide) brings a wire of its own.
    """

    def send(self, pieces: Sequence[Blob]) -> None:
        """Write all of it."""
        raise NotImplementedError

    def receive(self) -> tuple[Message, list[bytearray | None]]:
        """The next message, waiting for it."""
        raise NotImplementedError

    async def areceive(self) -> tuple[Message, list[bytearray | None]]:
        """The next message. The event loop stands still while it waits, unless a wire knows better."""
        return self.receive()


class PipeWire(Wire):
    """Messages over two descriptors."""

    def __init__(self, read_fd: int, write_fd: int, reader: ByteReader | None = None) -> None:
        self.reader = reader or ByteReader(read_fd)
        self.fds = read_fd, write_fd

    def send(self, pieces: Sequence[Blob]) -> None:
        """Write all of it."""
        for piece in pieces:
            view = memoryview(piece).cast("B")
            while view:
                view = view[os.write(self.fds[1], view[: 1 << 20]) :]

    def receive(self) -> tuple[Message, list[bytearray | None]]:
        """The next message, waiting for it."""
        return read_frame(self.reader.read)

    def ready(self) -> bool:
        """Whether a message, or the beginning of one, is there."""
        import select

        poll = select.poll()
        poll.register(self.fds[0], select.POLLIN)
        return bool(self.reader.ahead or poll.poll(0))


class LineWire(PipeWire):
    """Messages over two descriptors that carry nothing but text: lines of base64."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        super().__init__(read_fd, write_fd, LineReader(read_fd))

    def send(self, pieces: Sequence[Blob]) -> None:
        """Write all of it."""
        super().send([to_lines(b"".join(pieces))])


# Files


MOST_FILES = 10_000
"""How many entries of the work folder are looked at. Of one that has more, nothing is told."""


class Folder:
    """The work folder: where files are put, and what a snippet made or changed there. Follows no links."""

    def __init__(self, path: str, most: int = MOST_FILES) -> None:
        self.path, self.most = path, most
        self._seen: dict[str, tuple[int, int]] | None = None
        self._empty_since: int | None = None

    def remember(self) -> None:
        """What is there now is not what a snippet made."""
        self._seen = self._states()

    def put(self, name: str, data: Blob) -> None:
        """Write a file, and the folders it is in."""
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        self.came(name)

    def came(self, name: str) -> None:
        """A file was put here, by whatever way: it is not what a snippet made."""
        state = os.stat(os.path.join(self.path, name))
        if self._seen is not None:
            self._seen[name] = state.st_mtime_ns, state.st_size

    def get(self, name: str) -> bytes:
        """Read a file. Raises `OSError` for what is none, such as a pipe or a link."""
        import stat

        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        fd = os.open(os.path.join(self.path, name), flags)
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError("not a file")
            return file.read()

    def files(self) -> list[tuple[str, int]]:
        """The names and sizes of the files. Raises `OSError` if they are too many."""
        states = self._states()
        if states is None:
            raise OSError(f"more than {self.most} files and folders")
        return sorted((name, size) for name, (_, size) in states.items())

    def changed(self) -> list[str]:
        """The files that were made or changed since they were remembered or put, or this was last asked."""
        if self._empty_since is not None and self._empty_since == self._changed_at():
            return []
        seen, self._seen = self._seen, self._states()
        self._empty_since = None if self._seen else self._emptied_at()
        if seen is None or self._seen is None:
            return []
        return sorted([name for name, state in list(self._seen.items()) if seen.get(name) != state])

    def clear(self) -> None:
        """Remove what is in it. Raises `OSError` if anything is left."""
        folders = [""]
        for folder in folders:
            for entry in self._entries(folder):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{folder}{entry.name}/")
                else:
                    os.unlink(entry.path)
        for folder in reversed(folders[1:]):
            os.rmdir(os.path.join(self.path, folder))
        self._seen = {}

    def _changed_at(self) -> int:
        """When something was last put into the folder itself or taken out of it; -1 if it has gone."""
        try:
            return os.stat(self.path).st_mtime_ns
        except OSError:
            return -1

    def _emptied_at(self) -> int | None:
        """The same, if the folder is empty, and has been for so long that a change from now on has another time."""
        changed_at = self._changed_at()
        is_empty = not self._entries("") and time.time_ns() - changed_at > 100_000_000
        return changed_at if is_empty else None

    def _states(self) -> dict[str, tuple[int, int]] | None:
        """Of every file when it was changed and its size; None if there is too much to look at."""
        states: dict[str, tuple[int, int]] = {}
        folders, left = [""], self.most
        if not left:
            return None
        while folders:
            folder = folders.pop()
            for entry in self._entries(folder):
                left -= 1
                if left <= 0:
                    return None
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{folder}{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    self._note(folder + entry.name, entry, states)
        return states

    def _note(self, name: str, entry: os.DirEntry[str], states: dict[str, tuple[int, int]]) -> None:
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError:
            return  # it has gone
        states[name] = state.st_mtime_ns, state.st_size

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What is in a folder; one that has gone meanwhile, or can't be read, is empty."""
        try:
            with os.scandir(f"{self.path}/{folder}") as entries:
                return [*itertools.islice(entries, self.most)]
        except OSError:
            return []


# The guest


class ToolError(Exception):
    """What a tool raised, where its class isn't known in here."""


class _Call:
    """A tool call that waits for its answer. `then` is called when there is one."""

    def __init__(self, number: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.number, self.name, self.args, self.kwargs = number, name, args, kwargs
        self.lock = _thread.allocate_lock()
        self.lock.acquire()
        self.answer: tuple[list[Any], list[bytearray | None]] | None = None
        self.then: Callable[[], object] = self.lock.release
        self.loop: Any = None


FINAL_ANSWER = "final_answer"
FINAL_ANSWER_TOOL = "<final_answer>"
"""The tool, where the snippet has a variable of the same name."""


def keep_final_answer(tree: ast.Module) -> None:
    """Have `final_answer(...)` reach the tool, also where the snippet has a variable of that name."""
    from ast import walk

    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == FINAL_ANSWER:
            node.func.id = FINAL_ANSWER_TOOL


class Stub:
    """What a snippet calls in place of a tool, which runs outside. `.map(values)` makes many calls at once."""

    def __init__(self, guest: Guest, offer: Message) -> None:
        self._guest, self._direct, self._async = guest, offer["direct"], offer["async"]
        self.__name__ = self.__qualname__ = offer["name"]
        self.__module__ = "tools"
        self.__doc__ = offer["doc"]
        self.__wrapped__ = _signature(offer["name"], offer["names"], offer["params"])

    def __repr__(self) -> str:
        return f"<tool {self.__name__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Have the tool called, and wait for what it returns."""
        given = self.__wrapped__(*args, **kwargs)
        guest, name = self._guest, self.__name__
        if name == FINAL_ANSWER:
            kernel = guest.kernel
            if kernel.answered:
                kernel.finish(None)
            kernel.finish(_single(given) if self._direct else guest.call(name, args, kwargs))
        if self._async and _in_event_loop():
            return guest.acall(name, args, kwargs)
        return guest.call(name, args, kwargs)

    def map(self, values: Any) -> list[Any]:
        """Call the tool once for each value, all at once: a tuple is several arguments, a dict named ones."""
        calls = [arguments_of(value) for value in values]
        for args, kwargs in calls:
            self.__wrapped__(*args, **kwargs)
        return self._guest.call_many(self.__name__, calls)

    def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The call as something to await: `await asyncio.gather(*[tool.acall(x) for x in xs])`."""
        self.__wrapped__(*args, **kwargs)
        return self._guest.acall(self.__name__, args, kwargs)


def arguments_of(value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that a value of `.map` stands for."""
    if isinstance(value, dict):
        return (), value
    return (value if isinstance(value, tuple) else (value,)), {}


def _single(values: Any) -> Any:
    return values[0] if type(values) is tuple and len(values) == 1 else values


def _in_event_loop() -> bool:
    events = sys.modules.get("asyncio.events")
    return events is not None and events._get_running_loop() is not None


def _signature(name: str, names: list[str], params: str) -> Any:
    """A function with a tool's parameters, which refuses what doesn't fit them in Python's own words."""
    space: dict[str, Any] = {}
    exec(f"def {name}{params}:\n    return ({''.join(given + ', ' for given in names)})", space)
    return space[name]


class Printer:
    """What a snippet's `sys.stdout` and `sys.stderr` are. Text is sent in pieces."""

    encoding, errors, newlines, mode, name = "utf-8", "replace", None, "w", "<printed>"
    line_buffering, closed = True, False

    def __init__(self, guest: Guest, fd: int) -> None:
        self._guest, self._fd = guest, fd
        self.buffer = self

    def write(self, text: Any) -> int:
        """Print text, or bytes."""
        if isinstance(text, (bytes, bytearray, memoryview)):
            return self.write(bytes(text).decode("utf-8", "replace")) and len(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._guest.printed(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Print each of `lines`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send what is waiting to be sent."""
        self._guest.flush()

    def fileno(self) -> int:
        """The descriptor that this stands for."""
        return self._fd

    def isatty(self) -> bool:
        """No."""
        return False

    def readable(self) -> bool:
        """No."""
        return False

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """No."""
        return False

    def close(self) -> None:
        """Nothing: what comes later is printed too."""


class _Turn:
    """One thread at a time; no interrupt comes up in the main thread while it has the turn."""

    def __init__(self, guest: Guest) -> None:
        self._guest, self._lock = guest, _thread.allocate_lock()
        self.thread = 0

    def take(self, wait: bool = True) -> bool:
        """Take the turn; without waiting, whether it was free."""
        thread = _thread.get_ident()
        main = thread == self._guest.main_thread
        if main:
            self._guest.shields += 1
        if self._lock.acquire(wait):
            self.thread = thread
            return True
        if main:
            self._guest.unshield()
        return False

    def give(self) -> None:
        """Give it back. Raises the `KeyboardInterrupt` that may have come meanwhile."""
        thread, self.thread = self.thread, 0
        self._lock.release()
        if thread == self._guest.main_thread:
            self._guest.unshield()

    def taken(self) -> bool:
        """Whether somebody has it."""
        return self._lock.locked()

    def mine(self) -> bool:
        """Whether this thread has it."""
        return self.thread == _thread.get_ident()

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_: object) -> None:
        self.give()


class Guest:
    """The kernel inside a box: does what the host's messages say, and asks the host for tools.

    Whoever waits reads: the wire is read where there is nothing to run, and where a tool's answer is awaited.
    This class needs neither threads nor signals; `ProcessGuest` adds them, for what comes while a snippet runs.
    """

    def __init__(self, wire: Wire) -> None:
        import builtins

        self._wire = wire
        self._codec = Codec(trusting=True)
        self.kernel = Kernel(dict(vars(builtins)))
        main = type(sys)("__main__")
        self.kernel.namespace = vars(main)
        self.kernel.forget()
        sys.modules["__main__"] = main
        self.folder = Folder(os.getcwd())
        self.folder.remember()
        self._stubs: dict[str, Stub] = {}
        self._inbox: deque[tuple[Message, list[bytearray | None]]] = deque()
        self._reading = _Turn(self)
        self._sending = _Turn(self)
        self._numbers = itertools.count(1)
        self._calls: dict[int, _Call] = {}
        self._queued: list[_Call] = []
        self._pump: Any = None
        self._text: deque[str] = deque()
        self._text_size = 0
        self._sent_at = 0.0
        self._snippet = 0
        self._failed: tuple[BaseException, str] | None = None
        self._is_child = False
        self.main_thread = _thread.get_ident()
        self.shields = 0
        self._stoppable = False
        self._interrupted = False
        self._ended_by_interrupt = 0

    # Its life

    def serve(self) -> None:
        """Do what the host says until it closes the channel, or doesn't listen any more."""
        try:
            self._begin()
            version = ".".join(map(str, sys.version_info[:3]))
            self._send({"is": "ready", "takes": libraries(), "python": version, "pid": os.getpid()})
            while True:
                message, blobs = self._next()
                getattr(self, "_on_" + message["is"])(message, blobs)
        except (EOFError, OSError, FrameError):
            return

    def _begin(self) -> None:
        """Make the snippet's standard outputs those that are sent to the host."""
        sys.stdout, sys.stderr = Printer(self, 1), Printer(self, 2)

    def _next(self) -> tuple[Message, list[bytearray | None]]:
        """What is to be done next, waiting for it."""
        while True:
            with self._reading:
                if self._inbox:
                    return self._inbox.popleft()
                self._sort(*self._wire.receive())

    def _sort(self, message: Message, blobs: list[bytearray | None]) -> None:
        """Do at once what can't wait for the end of a snippet. The caller holds `_reading`."""
        kind = message["is"]
        if kind == "answers":
            self._on_answers(message, blobs)
        elif kind == "interrupt":
            self._interrupt(message["n"])
        elif kind == "file":
            self._on_file(message, blobs)
        else:
            self._inbox.append((message, blobs))

    # What the host says

    def _on_setup(self, message: Message, _blobs: Any) -> None:
        self._codec.takes = frozenset(message["takes"]) & frozenset(libraries())
        self._codec.limits = Limits(**message["limits"])

    def _on_tools(self, message: Message, _blobs: Any) -> None:
        builtins = self.kernel.builtins
        for name in (*self._stubs, FINAL_ANSWER_TOOL):
            builtins.pop(name, None)
        self._stubs = {offer["name"]: Stub(self, offer) for offer in message["tools"]}
        builtins.update(self._stubs)
        if FINAL_ANSWER in self._stubs:
            builtins[FINAL_ANSWER_TOOL] = self._stubs[FINAL_ANSWER]

    def _on_variables(self, message: Message, blobs: Any) -> None:
        self.kernel.namespace.update(self._codec.decode(message["values"], blobs))

    def _on_reset(self, _message: Message, _blobs: Any) -> None:
        self.kernel.forget()
        self._codec.forget()
        self.folder.clear()

    def _on_file(self, message: Message, blobs: list[bytearray | None]) -> None:
        reply: Message = {"is": "file", "r": message["r"], "error": None}
        data: list[Blob] = []
        try:
            if message["do"] == "put":
                self.folder.put(message["path"], blobs[0] or b"")
            elif message["do"] == "get":
                data.append(self.folder.get(message["path"]))
            elif message["do"] == "came":
                self.folder.came(message["path"])
            else:
                reply["files"] = self.folder.files()
            pieces = frame(reply, data, self._codec.limits)
        except (OSError, ValueError, CrossError, MemoryError) as error:
            text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            pieces = frame({**reply, "error": [type(error).__name__, text]})
        self._transmit(pieces)

    def _on_run(self, message: Message, _blobs: Any) -> None:
        number: int = message["n"]
        self._failed, self._interrupted = None, False
        self._snippet_begins(number)
        try:
            ended = self._stopped_by_interrupts(lambda: self._run(message["code"]))
        except BaseException as error:  # what showing a value or an error raised, which can be anything
            polite = isinstance(error, KeyboardInterrupt)
            failure = self.kernel.describe(error) if polite else Failure(type(error).__name__, "")
            ended = Ended(failure=failure, exception=error)
        if self._is_child:
            os._exit(0)
        self._transmit(self._done(number, ended))

    def _run(self, code: str) -> Ended:
        try:
            tree = self.kernel.parse(code)
            if FINAL_ANSWER in self._stubs and FINAL_ANSWER in code:
                keep_final_answer(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Ended(failure=self.kernel.describe(error), exception=error)
        ended = self.kernel.run(tree)
        if ended.failure is not None and ended.failure.type == "TypeError":
            return self._with_hint(ended, code.splitlines())
        return ended

    def _with_hint(self, ended: Ended, lines: list[str]) -> Ended:
        """Say so where a variable hides the tool that was called."""
        failure, namespace = ended.failure, self.kernel.namespace
        line = lines[failure.line - 1] if failure and failure.line and failure.line <= len(lines) else ""
        for name in self._stubs:
            if failure and f"{name}(" in line and name in namespace and not callable(namespace[name]):
                kind = type(namespace[name]).__name__
                hint = f"{name!r} is a variable ({kind}) that hides the tool; `del {name}` brings the tool back"
                return ended._replace(failure=failure._replace(message=f"{failure.message}: {hint}"))
        return ended

    def _snippet_begins(self, number: int) -> None:
        self._snippet = number

    def _snippet_ends(self) -> None:
        self._snippet = 0

    def _done(self, number: int, ended: Ended) -> Sequence[Blob]:
        """The message of how a snippet ended. What of it can't be told is left out."""
        done: Message = {
            "is": "done", "n": number, "value": None, "shown": ended.shown, "text": ended.text,
            "final": ended.final, "error": None, "changed": ended.changed, "files": (), "printed": "",
        }  # fmt: skip
        blobs: list[Blob] = []
        try:
            self._stopped_by_interrupts(lambda: self._fill(done, ended, blobs))
            pieces = frame(done, blobs, self._codec.limits)
        except BaseException as error:
            pieces = frame(self._uncrossed(done, ended, error))
        self._snippet_ends()
        return pieces

    def _fill(self, done: Message, ended: Ended, blobs: list[Blob]) -> None:
        """What may take time, or call code of the snippet's."""
        done["files"] = self.folder.changed()
        failure = ended.failure
        if failure is None:
            done["value"] = self._codec.encode(ended.value, blobs)
        else:
            tool = self._failed[1] if self._failed and self._failed[0] is ended.exception else None
            done["error"] = [failure.type[:200], failure.message, failure.line, failure.traceback, tool]
        self._drain()
        if self._text_size > self._text_limit():
            self.flush()
        if self._text:
            with self._sending:
                done["printed"] = self._taken_text()

    def _uncrossed(self, done: Message, ended: Ended, error: BaseException) -> Message:
        """The end of a snippet whose value can't cross: a handle; for a final answer, an error."""
        reason = str(error) if isinstance(error, CrossError) else f"{type(error).__name__}: {error!s:.200}"
        if isinstance(error, KeyboardInterrupt):
            done["error"] = ["KeyboardInterrupt", "", None, "", None]
        elif ended.final:
            done["error"] = ["ValueError", f"the final answer can't be sent: {reason}", None, "", None]
        elif done["error"] is None:
            done["value"] = ["handle", 0, type(ended.value).__name__[:100], reason[:300]]
            return done
        done.update(value=None, final=False, shown=False, text=None)
        return done

    # Tools

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Have a tool called and wait for what it returns. Raises what it raised."""
        return self._wait(self._ask([_Call(next(self._numbers), name, args, kwargs)])[0])

    def call_many(self, name: str, given: list[tuple[tuple[Any, ...], dict[str, Any]]]) -> list[Any]:
        """Have a tool called with each of these, all at once. Raises what the first that failed raised."""
        calls = [_Call(next(self._numbers), name, args, kwargs) for args, kwargs in given]
        return [self._wait(call) for call in self._ask(calls)]

    def acall(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A future of what a tool returns. Calls of the same turn of the event loop are made at once."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: Any = loop.create_future()
        call = _Call(next(self._numbers), name, args, kwargs)
        call.loop, call.then = loop, lambda: self._wake(loop, call, future)
        if not self._queued:
            loop.call_soon(self._ask_queued, loop)
        self._queued.append(call)
        return future

    def _ask_queued(self, loop: Any) -> None:
        calls, self._queued = self._queued, []
        self._ask(calls)
        self._read_in(loop)

    def _read_in(self, loop: Any) -> None:
        """Have answers read by an event loop, as long as it waits for some."""
        if self._pump is None or self._pump.done():
            self._pump = loop.create_task(self._read_awaiting(loop))

    async def _read_awaiting(self, loop: Any) -> None:
        while self._awaited_in(loop):
            message = await self._wire.areceive()
            with self._reading:
                self._sort(*message)

    def _awaited_in(self, loop: Any) -> bool:
        return any(call.loop is loop for call in list(self._calls.values()))

    def _wake(self, loop: Any, call: _Call, future: Any) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._settle, call, future)

    def _settle(self, call: _Call, future: Any) -> None:
        if future.done():
            return
        try:
            future.set_result(self._value(call))
        except Exception as error:
            future.set_exception(error)

    def _ask(self, calls: list[_Call]) -> list[_Call]:
        if not self._snippet or self._is_child:
            raise RuntimeError(
                "tools can be called only while the snippet runs, and in its own process: join its threads before "
                "it ends"
            )
        if self._sending.mine():
            raise RuntimeError("a finalizer can't call tools")
        if not calls:
            return calls
        blobs: list[Blob] = []
        asked = []
        for call in calls:
            if call.name not in self._stubs:
                raise RuntimeError(f"the tool {call.name!r} is no longer offered")
            args, kwargs = self._codec.encode(list(call.args), blobs), self._codec.encode(call.kwargs, blobs)
            asked.append([call.number, call.name, args, kwargs])
        try:
            pieces = frame({"is": "calls", "n": self._snippet, "calls": asked}, blobs, self._codec.limits)
        except CrossError as error:
            raise ValueError(f"the arguments of {calls[0].name} are {error}") from None
        self.flush()
        self._calls.update((call.number, call) for call in calls)
        self._transmit(pieces)
        return calls

    def _wait(self, call: _Call) -> Any:
        """Read until a call has its answer, or wait for whoever reads just now."""
        pause = TICK
        try:
            while call.answer is None:
                if not self._reading.take(wait=False):
                    call.lock.acquire(timeout=pause)
                    pause = min(pause * 2, 1.0)
                    continue
                try:
                    if call.answer is None:
                        self._sort(*self._wire.receive())
                finally:
                    self._reading.give()
        finally:
            self._calls.pop(call.number, None)
        return self._value(call)

    def _value(self, call: _Call) -> Any:
        if call.answer is None:
            raise RuntimeError(f"the call of {call.name} was given up")
        (fine, value), blobs = call.answer
        if fine:
            return self._codec.decode(value, blobs)
        error = _as_error(*value)
        self._failed = error, call.name
        raise error

    def _on_answers(self, message: Message, blobs: list[bytearray | None]) -> None:
        for number, fine, value in message["answers"]:
            call = self._calls.pop(number, None)
            if call is not None:
                call.answer = [fine, value], blobs
                call.then()

    # Interrupts: raised in the main thread, in the snippet and nowhere else

    def _interrupt(self, number: int) -> None:
        """The host wants a snippet to end."""
        if number == self._snippet:
            self.interrupted()

    def interrupted(self, *_: Any) -> None:
        """End the snippet with `KeyboardInterrupt`, now or as soon as it can be. A handler of signals.

        Once: the same interrupt may come as a message and as a signal, and a second error would come up where what
        came of the first one is told.
        """
        if self._ended_by_interrupt == self._snippet:
            return
        self._ended_by_interrupt = self._snippet
        self._interrupted = True
        if not self.shields:
            self._raise_interrupt()

    def unshield(self) -> None:
        """The main thread has given back a turn."""
        self.shields -= 1
        if self._interrupted and not self.shields:
            self._raise_interrupt()

    def _raise_interrupt(self) -> None:
        if self._stoppable:
            self._interrupted = False
            raise KeyboardInterrupt("the snippet was interrupted")

    def _stopped_by_interrupts(self, job: Callable[[], Any]) -> Any:
        """Do a job, which an interrupt ends."""
        try:
            self._stoppable = True
            if self._interrupted:
                self._raise_interrupt()
            return job()
        finally:
            self._stoppable = False

    # What is printed, and what is sent

    def printed(self, text: str) -> None:
        """Print text of the snippet."""
        if self._is_child:
            os.write(1, text.encode("utf-8", "replace"))
            return
        self._text.append(text)
        self._text_size += len(text)
        if self._text_size > TEXT_SIZE or time.monotonic() - self._sent_at > 0.05:
            self.flush()

    def flush(self) -> None:
        """Send the text that is waiting to be sent."""
        if not self._text or self._is_child or self._sending.mine():
            return  # a finalizer may print while something is being sent
        with self._sending:
            self._sent_at = time.monotonic()
            text = self._taken_text()
            size = self._text_limit()
            for start in range(0, len(text), size):
                piece = {"is": "printed", "n": self._snippet, "text": text[start : start + size]}
                self._wire.send(frame(piece))

    def _text_limit(self) -> int:
        """Characters of text in one message, at most: each may take twelve bytes, and there may be more in it."""
        return min(LAST_TEXT, max(1, self._codec.limits.header // 24))

    def _taken_text(self) -> str:
        """The text that is waiting to be sent, which the caller, whose turn it is, sends."""
        self._text_size = 0
        texts = [self._text.popleft() for _ in range(len(self._text))]
        return "".join(texts)

    def _drain(self) -> None:
        """Print what has come from elsewhere than Python."""

    def _send(self, message: Message) -> None:
        self._transmit(frame(message))

    def _transmit(self, pieces: Sequence[Blob]) -> None:
        if not self._is_child:
            with self._sending:
                self._wire.send(pieces)


LAST_TEXT = 500_000
"""Characters of text in one message, at most."""

TEXT_SIZE = 32_768
"""Characters of printed text that are kept back, at most."""

TICK = 0.02
"""Seconds between two looks of the watcher, while a snippet runs."""


_IMPORTING = ("_frozen_importlib", "importlib._bootstrap")
"""What the module that imports is called, before and after `importlib` has been imported."""

NO_ROOM = 76
"""The exit code of a kernel that had no memory left for what it was sent."""


def ended_with(code: int) -> str:
    """What an exit code of a kernel's process means, in words."""
    if code == NO_ROOM:
        return "it had no memory left for what it was sent: send less at a time, or give the box more memory"
    return f"its process exited ({code})"


class ProcessGuest(Guest):
    """A guest that has a process of its own, with threads and signals.

    A watcher, asleep while nothing runs, reads for a snippet that has run for a while: interrupts, and answers to
    its threads. It passes on what is printed, also by C code and by children, through a pipe.
    """

    def __init__(self, wire: PipeWire) -> None:
        super().__init__(wire)
        self._pipe = wire
        self._stdio = -1
        self._asleep = False
        self._wake_up = _thread.allocate_lock()
        self._wake_up.acquire()
        self._gate = _thread.allocate_lock()
        self._unheard = False
        self._handler = self.interrupted

    def serve(self) -> None:
        """Do what the host says until it closes the channel. The process ends then, with all of its threads."""
        try:
            super().serve()
        except MemoryError:
            os._exit(NO_ROOM)
        os._exit(0)

    def _begin(self) -> None:
        """The snippet's standard input is empty; what its C code and its children print comes through a pipe."""
        import _signal as signal  # type: ignore[import-not-found]

        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._stdio, write = os.pipe()
        os.set_blocking(self._stdio, False)
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(write)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        super()._begin()
        os.register_at_fork(after_in_child=self._forked)
        signal.signal(signal.SIGINT, self._handler)
        sys.unraisablehook = self._swallowed
        _thread.start_new_thread(self._watch, ())

    def _forked(self) -> None:
        """A child of the snippet's: it has no part in the protocol, and prints by way of its descriptors."""
        if not self._is_child:
            for fd in {*self._pipe.fds, self._stdio}:
                os.close(fd)
        self._is_child = True

    def _snippet_begins(self, number: int) -> None:
        import _signal as signal

        if signal.getsignal(signal.SIGINT) is not self._handler:
            signal.signal(signal.SIGINT, self._handler)
        self._unheard = False
        self._sent_at = time.monotonic()
        self._snippet = number
        if self._asleep:
            self._asleep = False
            if self._wake_up.locked():  # nobody else releases it
                self._wake_up.release()

    def _snippet_ends(self) -> None:
        with self._gate:
            self._snippet = 0

    # The watcher

    def _watch(self) -> None:
        """On the watcher's thread, for ever."""
        import select

        printed, both = select.poll(), select.poll()
        for poll in printed, both:
            poll.register(self._stdio, select.POLLIN)
        both.register(self._pipe.fds[0], select.POLLIN)
        last = 0
        try:
            while True:
                self._sleep()
                reads = self._snippet == last and not self._reading.taken()
                last = self._snippet
                ready = (both if reads else printed).poll(0 if reads and self._pipe.reader.ahead else TICK * 1000)
                self._look(reads, {fd for fd, _ in ready})
        except BaseException:  # the host is gone, or nobody would hear it any more
            os._exit(1)

    def _sleep(self) -> None:
        """Until a snippet runs."""
        while not self._snippet:
            self._asleep = True
            if not self._snippet:
                self._wake_up.acquire()
            self._asleep = False

    def _look(self, reads: bool, ready: set[int]) -> None:
        if self._stdio in ready:
            self._drain()
        if reads and (self._pipe.fds[0] in ready or self._pipe.reader.ahead):
            self._read_what_is_there()
        self.flush()
        if self._unheard:
            self._signal()

    def _read_what_is_there(self) -> None:
        if self._reading.take(wait=False):
            try:
                while self._snippet and self._pipe.ready():
                    self._sort(*self._wire.receive())
            finally:
                self._reading.give()

    def _read_in(self, loop: Any) -> None:
        loop.add_reader(self._pipe.fds[0], self._read_for_loop, loop)

    def _read_for_loop(self, loop: Any) -> None:
        self._read_what_is_there()
        if not self._awaited_in(loop):
            loop.remove_reader(self._pipe.fds[0])

    def _drain(self) -> None:
        data = b""
        while len(data) < 1 << 20:
            try:
                piece = os.read(self._stdio, 65_536)
            except BlockingIOError:
                break
            data += piece
        if data:
            self.printed(data.decode("utf-8", "replace"))

    # Interrupts

    def _interrupt(self, number: int) -> None:
        with self._gate:
            if number == self._snippet:
                self._unheard = True
                self._signal()

    def _signal(self) -> None:
        """The watcher sends it until it is heard: it may come just before a call of the system that waits."""
        import _signal as signal

        signal.pthread_kill(self.main_thread, signal.SIGINT)

    def interrupted(self, _number: int = 0, frame: FrameType | None = None) -> None:
        """The signal has come. An import is let through to its end: half of a module would stay for good."""
        while frame is not None:
            if frame.f_globals.get("__name__") in _IMPORTING:
                return
            frame = frame.f_back
        self._unheard = False
        super().interrupted()

    def _swallowed(self, what: Any) -> None:
        """Python can't raise an error out of a finalizer: an interrupt is sent again."""
        if what.exc_type is KeyboardInterrupt:
            self._ended_by_interrupt = 0
            self._unheard = True
        else:
            sys.__unraisablehook__(what)


def _as_error(name: str, message: str) -> BaseException:
    """What a tool raised: of the same class where that is one of Python's own."""
    import builtins

    kind = vars(builtins).get(name)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            made: BaseException = kind(message)
            return made
        except TypeError:  # such as UnicodeDecodeError, which takes five arguments
            pass
    error: BaseException = type(name, (ToolError,), {})(message)
    return error


def main(read_fd: int, write_fd: int) -> None:
    """Be a box's kernel: messages come in by `read_fd` and go out by `write_fd`, until the channel is closed."""
    ProcessGuest(PipeWire(read_fd, write_fd)).serve()


def start(words: list[str]) -> None:
    """Be a box's kernel in a process of its own, by the words of its command.

    `R W`: over two descriptors. `stdio`: over what are standard input and output now. `lines`: the same, as text.
    """
    if words[0] in ("stdio", "lines"):
        wire = LineWire if words[0] == "lines" else PipeWire
        ProcessGuest(wire(os.dup(0), os.dup(1))).serve()
    main(int(words[0]), int(words[1]))


if __name__ == "__main__":
    start(sys.argv[1:])
