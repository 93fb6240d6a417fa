"""What is the user's own, loaded by name: by running the module or the file that it is in, as `python` would.

A file is run once, whatever is taken from it. Its module has a name that nothing else is imported by, so a file may
be called `json.py`. The folder that it is in, and the one that the command is run in, come after all others in the
search for modules: what is imported beside it is found, and stands in front of nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

from .exits import CommandError


def attribute(name: str) -> Any:
    """What `module:attribute` or `path/to/file.py:attribute` names. Raises `CommandError` if it doesn't exist."""
    place, _, path = name.rpartition(":")
    load = _file if place.endswith(".py") else _module
    module = attempt(f"{place!r} could not be loaded", lambda: load(place))
    return attempt(f"{name!r} does not exist", lambda: reduce(getattr, path.split("."), module))


def attempt(failure: str, act: Callable[[], Any]) -> Any:
    """What `act` gives. Raises `CommandError`, which begins with `failure`, if it ends in any other way."""
    try:
        return act()
    except (Exception, SystemExit) as error:
        raise CommandError(f"{failure}: {type(error).__name__}: {error}") from error


def _module(name: str) -> ModuleType:
    _search(os.getcwd())
    return import_module(name)


def _file(path: str) -> ModuleType:
    file = Path(path).resolve(strict=True)
    name = f"{file.stem.replace('.', '_')}_{crc32(os.fsencode(file)):08x}"  # with a dot, pickle looks for a package
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path!r} is not a Python file")
    _search(str(file.parent))
    module = sys.modules[name] = module_from_spec(spec)  # where pickle and `get_type_hints` look for it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _search(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)
