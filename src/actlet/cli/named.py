"""Things that a command line names: tools, types, variables. A name becomes the thing, or an error that helps."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from keyword import iskeyword
from pathlib import Path
from typing import Any

from .exits import CommandError
from .loading import attempt, attribute

_TYPES: dict[str, Any] = {t.__name__: t for t in (str, int, float, bool, list, dict, tuple, set)} | {"Any": Any}

_SETTINGS = {"sql": "database", "table_statistics": "folder"}


def named_tool(name: str) -> Any:
    """A tool of the toolbox, `name` or `name=setting`; or the user's own tool or agent, `module:attribute` or
    `file.py:attribute`."""
    from ..agents import MultiStepAgent
    from ..tools import Tool, tool

    plain, equals, setting = name.partition("=")
    if equals or ":" not in name:
        return _toolbox_tool(plain, setting)
    found = attribute(name)
    if isinstance(found, type) and issubclass(found, Tool):
        return attempt(f"{name!r} could not be made", found)
    if isinstance(found, Tool | MultiStepAgent):
        return found
    if callable(found):
        return attempt(f"{name!r} could not be made a tool", lambda: tool(found))
    raise CommandError(f"{name!r} is a {type(found).__name__}: a tool is a Tool, a function, or an agent")


def _toolbox_tool(name: str, setting: str) -> Any:
    from ..toolbox import TOOL_NAMES, get_tool

    if name not in TOOL_NAMES:
        known = ", ".join(TOOL_NAMES)
        raise CommandError(
            f"there is no tool {name!r}: use one of {known}, or your own as file.py:name or module:name"
        )
    if name == "sql" and not setting:
        raise CommandError("the tool sql needs a database: sql=sqlite:///shop.db, or any URL of SQLAlchemy")
    if setting and name not in _SETTINGS:
        raise CommandError(f"the tool {name!r} takes no setting, and was given {setting!r}")
    options = {_SETTINGS[name]: setting} if setting else {}
    return attempt(f"the tool {name!r} could not be made", lambda: get_tool(name, **options))


def named_type(text: str) -> Any:
    """The type of an answer: `int`, `list[str]`, `dict[str, float]`, or the user's own as `file.py:Name`."""
    if ":" in text:
        return attribute(text)
    try:
        found = _type_of(ast.parse(text, mode="eval").body)
    except (SyntaxError, KeyError, TypeError):
        found = None
    if found is None:  # or it is `None`, which is no answer
        raise CommandError(
            f"{text!r} is not a type of answers: use {', '.join(_TYPES)}, such a type with [...] or |, or your own "
            "as file.py:Name"
        )
    return found


def _type_of(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=name):
            return _TYPES[name]
        case ast.Constant(value=None):
            return None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _type_of(left) | _type_of(right)
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=inner)):
            return _type_of(outer)[tuple(map(_type_of, inner))]
        case ast.Subscript(value=outer, slice=inner):
            return _type_of(outer)[_type_of(inner)]
    raise KeyError(ast.unparse(node))


def variables(values: Iterable[str], files: Iterable[str]) -> dict[str, Any]:
    """Variables for a run: `NAME=VALUE` (JSON, else text) and `NAME=PATH` (the text of a file)."""
    given = {name: json_or_text(value) for name, value in map(_pair, values)}
    return given | {name: _text_of(path) for name, path in map(_pair, files)}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or iskeyword(name):
        raise CommandError(f"{text!r} is not NAME=VALUE with a name that Python takes")
    return name, value


def json_or_text(value: str) -> Any:
    """A value of the command line: what it is as JSON, or else the text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path!r} could not be read as text: {error}") from None


def split(values: Iterable[str], separators: str = ",") -> list[str]:
    """The items of options that may be repeated and may hold several items each."""
    for separator in separators[1:]:
        values = [value.replace(separator, separators[0]) for value in values]
    return [item.strip() for value in values for item in value.split(separators[0]) if item.strip()]


def requirements(values: Iterable[str]) -> list[str]:
    """The requirements of options that may be repeated and may hold several each, with commas or spaces.

    What stands around an operator belongs to one requirement ('a >= 4, < 5'), and so do an extra's brackets; a
    marker goes on to the end of its option ('a; python_version < "3.12"').
    """
    return [requirement for value in values for requirement in _requirements(value)]


def _requirements(text: str) -> list[str]:
    listed, semicolon, marker = text.partition(";")
    close = re.sub(r"\s*([<>=!~]+|[@(\[,])\s*|\s+(?=[\])])", r"\1", listed)  # the spaces that separate nothing
    each = [part for part in re.split(r"\s+|,(?![<>=!~]|[^\[(]*[\])])", close) if part]
    return [*each[:-1], f"{each[-1]}{semicolon}{marker}"] if each else []
