"""Tool calls written as text, by models that have no tool calls of their own or forget that they have.

Forgiving: calls may stand in prose, in fences, after think blocks, several of them, under the names that model
families use (`parameters`, `args`, `tool`, a `function` object, a list), in JSON or as a Python dict. What is read
is data: nothing is ever evaluated.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from typing import Any

_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|\A.*?</think(?:ing)?>", re.DOTALL)
_WRAPPING = re.compile(
    r"```\w*|</?tool_calls?>|\[TOOL_CALLS\]|<\|python_tag\|>|^[ \t]*(?:Action|Calling tools):[ \t]*$",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_JSON_LONE = re.compile(r'\\\\|\\(?!["/bfnrtu])')
_PYTHON_LONE = re.compile(r"""\\\\|\\(?!["'\nabfnrtvxuUN0-7])""")
_OPEN, _CLOSE = "{[", "}]"
NAME_KEYS = ("name", "tool_name", "tool", "function")
MOST_REPAIRS = 50
"""How many brackets of a text that begin no value are looked at closely, which takes time."""
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "tool_input")

Call = tuple[str, Any]


def new_call_id() -> str:
    """An id for a call that came without one."""
    return f"call_{os.urandom(6).hex()}"


def parse_json_if_needed(arguments: Any) -> Any:
    """The value that a text holds as JSON; anything else, and text that is no JSON, as it is."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments, strict=False)
    except ValueError:
        return arguments


def parse_arguments(arguments: Any) -> Any:
    """The arguments of a call as a dict where its text holds one, in JSON or nearly; else as they are.

    No text at all means no arguments.
    """
    if not isinstance(arguments, str):
        return {} if arguments is None else arguments
    if not arguments.strip():
        return {}
    value = next((value for value, _, _ in _values(arguments)), None)
    return value if isinstance(value, dict) else arguments


def calls_in_text(text: str, name_key: str = "name", arguments_key: str = "arguments") -> tuple[list[Call], str]:
    """The calls that a text makes, as name and arguments, and the text without them."""
    text = _THINKING.sub("", text)
    names, arguments = (name_key, *NAME_KEYS), (arguments_key, *ARGUMENT_KEYS)
    calls: list[Call] = []
    prose, rest = [], 0
    for value, start, end in _values(text):
        found = list(_calls(value, names, arguments))
        if found:
            calls += found
            prose.append(text[rest:start])
            rest = end
    if not calls:
        return [], text.strip()
    prose.append(text[rest:])
    return calls, _BLANK_LINES.sub("\n\n", _WRAPPING.sub("", "".join(prose))).strip()


def _calls(value: Any, names: tuple[str, ...], arguments: tuple[str, ...]) -> Iterator[Call]:
    """The calls in a parsed value: it is one, or holds a list of them."""
    if isinstance(value, list):
        for item in value:
            yield from _calls(item, names, arguments)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("tool_calls"), list):
        yield from _calls(value["tool_calls"], names, arguments)
    elif isinstance(value.get("function"), dict):
        yield from _calls(value["function"], names, arguments)
    else:
        name = next((value[key] for key in names if isinstance(value.get(key), str)), None)
        given = next((value[key] for key in arguments if key in value), None)
        if name and (given is not None or len(value) == 1):
            yield name, parse_arguments(given)


def _values(text: str) -> Iterator[tuple[Any, int, int]]:
    """The outermost objects and lists in a text, each with where it starts and ends."""
    position, repairs = 0, MOST_REPAIRS
    while (start := _next_open(text, position)) is not None:
        found = _json_at(text, start)
        if found is None and repairs:
            found = _repaired_at(text, start)
            repairs -= found is None
        if found is None:
            position = start + 1
        else:
            value, position = found
            yield value, start, position


def _next_open(text: str, position: int) -> int | None:
    found = [at for bracket in _OPEN if (at := text.find(bracket, position)) >= 0]
    return min(found) if found else None


_decoder = json.JSONDecoder(strict=False)


def _json_at(text: str, start: int) -> tuple[Any, int] | None:
    """The JSON value that begins at a bracket, and where it ends."""
    try:
        return _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def _repaired_at(text: str, start: int) -> tuple[Any, int] | None:
    """As `_json_at`, for what is nearly JSON: commas too many, lone backslashes, or a Python value."""
    end = _balanced_end(text, start)
    if end is None:
        return None
    for read in (_mended_json, _python_value):
        try:
            return read(text[start:end]), end
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        except SystemError:  # CPython's fault where threads parse at once (see kernel.tree_of): no value, then
            continue
    return None


def _mended_json(text: str) -> Any:
    return json.loads(_double_lone(_JSON_LONE, _TRAILING_COMMA.sub("", text)), strict=False)


def _python_value(text: str) -> Any:
    return ast.literal_eval(_double_lone(_PYTHON_LONE, text))


def _double_lone(lone: re.Pattern[str], text: str) -> str:
    """Backslashes that escape nothing, as models write them in patterns and paths, stand for themselves."""
    return lone.sub(lambda found: found[0] if len(found[0]) == 2 else r"\\", text)


def _balanced_end(text: str, start: int) -> int | None:
    """Where the bracket at `start` is closed; brackets in strings don't count."""
    depth, quote, escaped = 0, "", False
    for at in range(start, len(text)):
        char = text[at]
        if quote:
            escaped = char == "\\" and not escaped
            if char == quote and text[at - 1] != "\\":
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
            if depth == 0:
                return at + 1
    return None
