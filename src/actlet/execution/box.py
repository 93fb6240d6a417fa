"""What a box is: the interface between whoever wants a snippet run and wherever it runs.

Theory of operation. A box runs one snippet at a time. `submit` hands it the snippet and returns at once; from then
on the box calls `deliver`, from whichever thread it likes, with what happens, in order: any number of `Printed`,
then either `CodeOutput` (the snippet has ended) or `Suspended` (it called tools and waits; `resume` answers, and
`deliver` is called again). Nobody waits in this interface, so that a thread and an event loop can each wait in
their own way.

The values are frozen and say what happened; none of them holds a frame, a thread or a connection.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SnippetError:
    """Why a snippet failed: the error's type and message, the line (from 1) of the snippet it left through, and
    `traceback`, the snippet's own frames as text. `tool` names the tool that raised it, if one did. `fatal`: no
    snippet can be run here, because the box doesn't start: an error of the run, not of the snippet."""

    type: str
    message: str
    line: int | None = None
    traceback: str = ""
    tool: str | None = None
    fatal: bool = False

    def __str__(self) -> str:
        at = "" if self.line is None else f" (line {self.line})"
        return f"{self.type}: {self.message}{at}" if self.message else f"{self.type}{at}"


@dataclass(frozen=True, slots=True)
class CodeOutput:
    """How a snippet ended.

    `output` is the value of its last statement (an expression's value, or what an assignment assigned), or the
    final answer; `shown` is true where that statement was an expression, whose value a reader would want to see.
    `text` is then that value's `repr`, as it was made inside the box, within its limits of time (None for None).
    `logs` is what it printed. `changed` are the names it bound, rebound or deleted at top level, `files` what it
    made or changed in its work folder (sorted; only printable names, and none where it holds
    more than 10,000). `error` is None when
    it ran through.
    """

    output: Any = None
    logs: str = ""
    is_final_answer: bool = False
    error: SnippetError | None = None
    changed: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    shown: bool = False
    text: str | None = None


@dataclass(frozen=True, slots=True)
class BoxFile:
    """A file in a box's work folder: its path there ("a/b.txt"), and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Printed:
    """Text that a running snippet has just printed."""

    text: str


@dataclass(frozen=True, slots=True)
class BoxCall:
    """A tool call that a snippet makes: `id` tells calls of one snippet apart; `arguments` are by name."""

    id: int
    name: str
    arguments: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Suspended:
    """The snippet waits for the answers to these calls."""

    calls: tuple[BoxCall, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a tool call: a value, or the error to raise where the snippet called."""

    id: int
    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a kind of box can run on this machine: `detail` is what was found, in one line, and `remedy` what to
    do about it where it isn't `ok`."""

    ok: bool
    detail: str
    remedy: str = ""


Outcome = CodeOutput | Suspended
Deliver = Callable[[Printed | Outcome], None]


class PythonExecutor(ABC):
    """Anything that runs snippets: the three methods that smolagents asks of an executor.

    `restricts_imports`: whether only the authorised modules may be imported, or all that are installed where it is.
    """

    restricts_imports = True

    @abstractmethod
    def send_tools(self, tools: Mapping[str, Any]) -> None:
        """Offer these tools to snippets, by name, in place of those offered before."""

    @abstractmethod
    def send_variables(self, variables: Mapping[str, Any]) -> None:
        """Bind these names for the snippets to come."""

    @abstractmethod
    def __call__(self, code_action: str) -> CodeOutput:
        """Run a snippet to its end. Raises when it fails."""

    def cleanup(self) -> None:
        """Give back what the executor holds. May be called more than once."""
        return

    @classmethod
    def check(cls) -> Readiness:
        """Whether such a box can run here. Takes seconds at most, downloads nothing, leaves nothing behind."""
        return Readiness(True, "needs nothing but Python")


class Box(PythonExecutor):
    """An executor that doesn't make its caller wait, and leaves its tool calls to the caller."""

    def start(self) -> None:
        """Start now what would be started with the first snippet, and wait for it. Raises `BoxError`."""
        return

    @abstractmethod
    def submit(self, code: str, deliver: Deliver) -> None:
        """Run `code`, telling `deliver` what happens. Raises `BoxError` if a snippet is running already."""

    @abstractmethod
    def resume(self, answers: tuple[Answer, ...]) -> None:
        """Answer every call of the last `Suspended`."""

    @abstractmethod
    def interrupt(self) -> None:
        """Stop the snippet that is running, if one is: `KeyboardInterrupt` inside it, then by force. It ends with
        a `CodeOutput` whose error type is `KeyboardInterrupt`. Variables are kept where the box can."""

    @abstractmethod
    def reset(self) -> None:
        """Forget every variable, and the files, so that another session may use the box."""

    @abstractmethod
    def put_file(self, path: str | os.PathLike[str], data: bytes | str | os.PathLike[str]) -> None:
        """Write a file into the work folder, where snippets run: `data` is bytes, text, or the path of a file here.

        `path` is relative to the work folder; folders that it names are made. Raises `ValueError` for one that
        isn't, `OSError` where the file can't be written, `BoxError` where the box can't be started.
        """

    @abstractmethod
    def get_file(self, path: str | os.PathLike[str]) -> bytes:
        """The bytes of a file in the work folder. Raises as `put_file` does; `FileNotFoundError` if none is."""

    @abstractmethod
    def list_files(self) -> tuple[BoxFile, ...]:
        """The files in the work folder and below, sorted by path; links aren't followed, and aren't files."""

    @abstractmethod
    def fresh(self) -> Box:
        """Another box with the same settings and nothing in it."""
