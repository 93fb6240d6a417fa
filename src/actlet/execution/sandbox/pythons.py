"""Which files a Python needs to run: this one's, or another's, which is asked once."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from ast import literal_eval
from dataclasses import dataclass
from functools import lru_cache

from ...errors import BoxError

OLDEST = (3, 9)
"""The oldest version that the kernel runs on."""

NAMES = ("stdlib", "platstdlib", "purelib", "platlib")

QUESTION = (
    "import sys, sysconfig as s; print([list(sys.version_info[:2]), *map(s.get_path, "
    f"{NAMES!r}), s.get_config_var('LIBDIR') or '', sys.base_prefix])"
)


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter: its executable, the folders of its installed packages, and all the folders that it reads."""

    executable: str
    packages: tuple[str, ...]
    readable: tuple[str, ...]

    @property
    def programs(self) -> tuple[str, ...]:
        """What it takes to start it from inside a box, beside what it reads."""
        folder = os.path.dirname(os.path.abspath(self.executable))
        real = os.path.dirname(os.path.realpath(self.executable))
        return folder, real, os.path.join(os.path.dirname(folder), "pyvenv.cfg")


@lru_cache
def python_at(executable: str) -> Python:
    """What is known of the interpreter at a path. Raises `BoxError` if there is none, or it is too old."""
    if executable == sys.executable:
        library = sysconfig.get_config_var("LIBDIR") or os.path.join(sys.base_prefix, "lib")
        return _python(executable, [sysconfig.get_path(name) for name in NAMES], library)
    try:
        command = [executable, "-I", "-c", QUESTION]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        version, *paths, library, prefix = literal_eval(said)
    except (OSError, ValueError, SyntaxError, subprocess.SubprocessError) as error:
        raise BoxError(f"python={executable!r} can't be used: {error}") from error
    if tuple(version) < OLDEST:
        raise BoxError(f"python={executable!r} is Python {'.'.join(map(str, version))}: boxes need 3.9 or later")
    return _python(executable, paths, library or os.path.join(prefix, "lib"))


def _python(executable: str, paths: list[str], library: str) -> Python:
    packages = tuple(dict.fromkeys(paths[2:]))
    return Python(executable, packages, (*dict.fromkeys([*paths[:2], library]), *packages))
