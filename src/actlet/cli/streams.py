"""The command's streams: answers go to stdout and nothing else does; what is said goes to stderr.

Whatever is printed by a tool, by the module it is in or by a library is said, not answered: while the command
works, `sys.stdout` is stderr, and only `give` writes to the real one. A stream that the command was started without
takes what is written, or ends at once. Nobody has to read what is said: the answer comes all the same.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, TextIO

from ..printable import printable, printable_json
from .exits import CommandError, Exit

_stdout: TextIO = sys.stdout
"""Where answers go, whatever `sys.stdout` is."""


@contextmanager
def taken_over() -> Iterator[None]:
    """While this lasts, the rules above hold. Opened once, by the command's process, which it is for."""
    global _stdout
    sys.stdin = sys.stdin or _nowhere("r")
    _stdout = sys.stdout or _nowhere("w")
    sys.stderr = _forgiving(sys.stderr) if sys.stderr else _nowhere("w")
    if isinstance(_stdout, io.TextIOWrapper):
        _stdout.reconfigure(errors="backslashreplace")
    with redirect_stdout(sys.stderr):
        yield


def say(text: str) -> None:
    """Tell the person at the terminal, on stderr; what would act on the terminal is shown as escapes."""
    print(printable(text), file=sys.stderr, flush=True)


def give(answer: str) -> None:
    """Write an answer to stdout; to a terminal, with what would act on it as escapes. Raises as `write` does."""
    if _stdout.isatty():
        answer = printable(answer)
    write(answer)


def write(text: str) -> None:
    """Write text of ours to stdout.

    Raises `CommandError` where it can't be written, and `BrokenPipeError` where nobody reads it any more.
    """
    try:
        print(text, file=_stdout, flush=True)
    except OSError as error:
        _forget_stdout()
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"stdout could not be written: {error}", Exit.FAILED) from error


def as_json(value: Any) -> str:
    """Data as one line of JSON that any reader takes and any terminal shows."""
    return printable_json(json.dumps(value, ensure_ascii=False, allow_nan=False))


@contextmanager
def asking() -> Iterator[bool]:
    """While this lasts, `input` asks on the real stdout, if that is a terminal, where lines can be edited."""
    if sys.stdin.isatty() and _stdout.isatty():
        with redirect_stdout(_stdout):
            yield True
    else:
        yield False


def _nowhere(mode: str) -> TextIO:
    stream: TextIO = open(os.devnull, mode)  # type: ignore[assignment] # noqa: SIM115 (it stays open for good)
    return stream


def _forget_stdout() -> None:
    """Leave nothing that Python would try to write once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _stdout.fileno())


class _Forgiving(io.FileIO):
    """A file that nobody may be reading: what can't be written is forgotten."""

    def write(self, data: Any) -> int:
        try:
            written = super().write(data)
        except OSError:
            return len(data)
        return len(data) if written is None else written  # None: nobody reads it now, and nobody waits for them


def _forgiving(stream: TextIO) -> TextIO:
    """A stream to the same file that forgives; or `stream` itself, if it is no file. `stream` stays the owner."""
    bytes_of = getattr(stream, "buffer", None)
    if not isinstance(getattr(bytes_of, "raw", bytes_of), io.FileIO):  # a test's, or a console of Windows
        return stream
    file = io.BufferedWriter(_Forgiving(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(file, encoding=stream.encoding, errors="backslashreplace", line_buffering=True)
