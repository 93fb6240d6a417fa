"""Files on their way into a box and out of it, as the host sees them.

The rule: a path is a name inside the box's work folder, in POSIX form, whoever it comes from; nothing else is one.
What a box says of its files is checked like everything else that it says.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any

from .box import BoxFile
from .kernel import MOST_FILES, FrameError

FileData = bytes | str | os.PathLike[str]
"""What a file may be made of: bytes, text (as UTF-8), or the path of a file of the host's."""

LONGEST_PATH = 4_096


def name_in_box(path: str | os.PathLike[str]) -> str:
    """The path in its plain form ("a/b.txt"). Raises `ValueError` unless it is below the work folder."""
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path in a box must be a str or a path, not {type(text).__name__}")
    plain = PurePosixPath(text)
    if plain.is_absolute() or ".." in plain.parts or not plain.parts or "\0" in text or len(text) > LONGEST_PATH:
        raise ValueError(
            f"{text!r:.200} is no path below the box's work folder: use a relative one without '..', "
            "such as 'data/table.csv'"
        )
    return str(plain)


def bytes_of(data: FileData) -> bytes:
    """What to write. Raises `OSError` if a file of the host's can't be read, `TypeError` for anything else."""
    if isinstance(data, str):
        return data.encode("utf-8")
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    if isinstance(data, os.PathLike):
        return Path(data).read_bytes()
    raise TypeError(f"a file's data must be bytes, text or the path of a file, not {type(data).__name__}")


def told_names(value: Any) -> tuple[str, ...]:
    """Names of files that a kernel told. Raises `FrameError` for anything else."""
    if type(value) is not list or len(value) > MOST_FILES:
        raise FrameError("names of files that are none")
    return tuple(map(_told_name, value))


def told_files(value: Any) -> tuple[BoxFile, ...]:
    """The files that a kernel told. Raises `FrameError` for anything else."""
    if type(value) is not list or len(value) > MOST_FILES:
        raise FrameError("files that are none")
    return tuple(map(_told_file, value))


def _told_file(value: Any) -> BoxFile:
    if type(value) is not list or len(value) != 2 or type(value[1]) is not int or value[1] < 0:
        raise FrameError("a file that is none")
    return BoxFile(_told_name(value[0]), value[1])


def _told_name(value: Any) -> str:
    try:
        if type(value) is str and name_in_box(value) == value:
            return value
    except ValueError:
        pass
    raise FrameError(f"the name of a file that is none: {value!r:.80}")


def told_error(path: str, value: Any) -> OSError:
    """Why something with a file failed, as a kernel told it. Raises `FrameError` for anything else."""
    if type(value) is not list or len(value) != 2 or type(value[0]) is not str or type(value[1]) is not str:
        raise FrameError("an error with a file that is none")
    kind, text = value[0][:100], value[1][:1_000]
    if kind == "FileNotFoundError":
        return FileNotFoundError(f"there is no file {path!r} in the box's work folder")
    return OSError(f"{path!r} in the box's work folder: {kind}: {text}")
