"""The kernel: a namespace, and snippets that run in it natively.

This file owns how a snippet of Python becomes what came of it: the value of its last statement, what it printed,
its final answer, or its error in terms of its own lines. It is plain standard-library Python (3.9 and later, also
Pyodide) and knows nothing of the rest of actlet, so that the same file runs in this process and inside sandboxes.
It holds no policy: whoever starts it chooses the builtins.

How the last value is had: the last statement `f(x)` is compiled as `<value> = f(x)`, and `y = f(x)` as
`<value> = y = f(x)`. No program can write that name, the expression is evaluated once, and lines stay the same.
"""

from __future__ import annotations

import ast
import itertools
import opcode
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

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
    """Runs snippets, one at a time, in one namespace. `write` gets what they print."""

    def __init__(self, builtins: dict[str, Any], write: Callable[[str], object]) -> None:
        self.builtins = builtins
        self.namespace: dict[str, Any] = {}
        self._write = write
        self._sources: dict[str, list[str]] = {}
        self._answer: FinalAnswer | None = None
        self._number = next(_numbers)
        self._count = 0
        self._rebound: set[str] = set()
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
        self._sources[self.filename] = source.splitlines()
        if len(self._sources) > KEPT_SOURCES:
            del self._sources[next(iter(self._sources))]
        return _parsed(source, self.filename)

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
        """End the running snippet with its final answer. The first one counts, whatever the snippet catches."""
        if self._answer is None:
            self._answer = FinalAnswer(value)
        raise self._answer

    @property
    def answered(self) -> bool:
        """Whether the running snippet has given its final answer."""
        return self._answer is not None

    def print(
        self,
        *values: Any,
        sep: str | None = " ",
        end: str | None = "\n",
        file: Any = None,
        flush: bool = False,
    ) -> None:
        """Python's `print`, whose output goes to the run instead of the host's standard output."""
        if file is not None:
            print(*values, sep=sep, end=end, file=file, flush=flush)
            return
        for name, given in (("sep", sep), ("end", end)):
            if given is not None and not isinstance(given, str):
                raise TypeError(f"{name} must be None or a string, not {type(given).__name__}")
        sep, end = " " if sep is None else sep, "\n" if end is None else end
        self._write(sep.join([str(value) for value in values]) + end)

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
        lines = self._sources.get(file, [])
        source = lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""
        where = f"line {number}" if file == self.filename else f"line {number} of an earlier snippet"
        return f"{where}: {source}" if function == "<module>" else f"{where}, in {function}: {source}"

    def _watched(self, code: CodeType) -> dict[str, int]:
        """The identities of the values that a snippet may rebind: of all names, where it says `import *`.

        Costs what the snippet is long, not how many variables there are.
        """
        self._rebound |= _global_names(code)
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


_FILENAME = "<snippet "
_numbers = itertools.count(1)
_parsing = threading.Lock()
_REBINDING = {opcode.opmap["STORE_GLOBAL"], opcode.opmap["DELETE_GLOBAL"]}


def is_snippet(code: CodeType) -> bool:
    """Whether this is code of a snippet, and not of a library that it uses."""
    return code.co_filename.startswith(_FILENAME)


def _parsed(source: str, filename: str, tries: int = 100) -> ast.Module:
    """The tree of a source.

    CPython up to 3.11.7 and 3.12.1 counts the depth of trees for all threads together, and may find the count of
    one wrong when another one parses too (github.com/python/cpython/issues/106905). It is right the next time.
    """
    try:
        with _parsing:
            tree: Any = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SystemError:
        if not tries:
            raise
        return _parsed(source, filename, tries - 1)
    return tree  # type: ignore[no-any-return]


def _global_names(code: CodeType) -> set[str]:
    """The names that functions (and comprehensions) in a snippet may rebind at its top level."""
    names: set[str] = set()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if not _REBINDING.isdisjoint(constant.co_code[::2]):
                names.update(constant.co_names)
            names |= _global_names(constant)
    return names


def keep_last_value(tree: ast.Module) -> tuple[bool, str | None]:
    """Have the last statement keep its value.

    Returns whether it is an expression, and, for an assignment that can't keep its value, the name it assigns.
    """
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Assign([_value_target(last)], last.value), last)
        return True, None
    if isinstance(last, ast.Assign):
        last.targets.insert(0, _value_target(last))
    elif isinstance(last, (ast.AugAssign, ast.AnnAssign)) and isinstance(last.target, ast.Name):
        return False, last.target.id
    return False, None


def _value_target(node: ast.stmt) -> ast.Name:
    return ast.copy_location(ast.Name(VALUE, ast.Store()), node)


def text_of(value: Any) -> str | None:
    """`repr(value)`, cut where it is very long; None for None. Never raises."""
    if value is None:
        return None
    try:
        return _cut(repr(value), SHOWN_VALUE)
    except Exception as failed:
        return f"<a {type(value).__name__} that can't be shown: repr() raised {type(failed).__name__}>"


def message_of(error: BaseException) -> str:
    """The error's own message with its notes, cut where it is very long. Never raises."""
    try:
        text = "\n".join([str(error), *map(str, getattr(error, "__notes__", ()))])
    except Exception as failed:
        text = f"<the message can't be shown: str() raised {type(failed).__name__}>"
    return _cut(text, SHOWN_MESSAGE)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters left out ...] {text[-half:]}"


def _syntax_failure(error: SyntaxError) -> Failure:
    shown = ""
    if error.text:
        text = error.text.rstrip("\n")
        column = min(max((error.offset or 1) - 1, 0), len(text))
        shown = f"{text}\n{' ' * column}^"
    return Failure(type(error).__name__, error.msg, error.lineno, shown)


def current_frame(thread: int) -> FrameType | None:
    """The innermost frame of a thread, by its identity."""
    return sys._current_frames().get(thread)
