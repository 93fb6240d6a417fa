"""Reading an action out of what a model wrote.

Models forget closing tags, fence their code in other ways than they were asked to, think aloud first, and write
around it. All of that is forgiven. What is never done is to run prose: text that isn't marked as code counts as
code only if all of it parses and it plainly does something (a call, an assignment, a definition).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from textwrap import dedent
from typing import Any

from ..errors import AgentParsingError
from ..execution.kernel import tree_of

_THOUGHT = r"<(?P<kind>think|thinking|reasoning)>.*?</(?P=kind)>"
_SIGN_OF_THOUGHT = re.compile(r"</?(?:think|thinking|reasoning)>", re.IGNORECASE)
_END_OF_THOUGHT = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[\w+.-]*)[^\n`]*\n", re.MULTILINE)
_LOOSE_FENCE = re.compile(r"```(?:python|py)3?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
"""A fence that begins or ends within a line."""
_MARKS = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)
_OBSERVATION = re.compile(r"^[ \t]*Observation:", re.MULTILINE)
_TRIED = 20
"""Closing marks that are tried out, where the first ones leave no program."""
_PYTHON = {"python", "py", "python3", "py3", "ipython", "tool_code", "tool-code", "code"}
_ACTS = (
    ast.Assign,
    ast.AugAssign,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.With,
    ast.If,
    ast.Try,
    ast.Match,
)


def parse_code(text: str, tags: tuple[str, str]) -> str:
    """The code in a model's reply. `tags` are the opening and the closing tag it was asked for, as regexes.

    Looked for in this order: blocks between the tags, blocks fenced as Python, bare fences and text that are
    plainly code. Tags around what is no program, as where words speak of them, give way to fences around one.
    Several blocks are joined, but for those after an observation that the model made up. Raises
    `AgentParsingError` with what to do instead.
    """
    said = _without_thoughts(text.replace("\r\n", "\n"), tags[0], tags[1])
    tagged, fenced = _tagged(said, tags), _fenced(said) if "```" in said or "~~~" in said else ""
    if tagged and not (fenced and not _parses(tagged) and _parses(fenced)):
        return tagged
    code = fenced or _whole(said, tags[1])
    if not code:
        raise AgentParsingError(_guidance(said, tags))
    return code


def _without_thoughts(text: str, opening: str, closing: str) -> str:
    """`text` without what was thought aloud. What stands between the tags is code and stays as it is."""
    if not _SIGN_OF_THOUGHT.search(text):
        return text
    parts = re.compile(rf"{_THOUGHT}|(?P<code>{opening}.*?(?:{closing}|\Z))", re.DOTALL | re.IGNORECASE)
    text = parts.sub(lambda part: part["code"] or "", text)
    ends = [end.end() for end in _END_OF_THOUGHT.finditer(text)]
    opened = re.compile(opening, re.IGNORECASE)
    if ends and (opened.search(text, ends[-1]) or not opened.search(text, 0, ends[-1])):
        return text[ends[-1] :]
    return text


@dataclass(frozen=True, slots=True)
class _Block:
    """Marked code: the mark that opens it, the code, and where the mark that closes it ends."""

    opened: re.Match[str]
    code: str
    end: int


def _tagged(text: str, tags: tuple[str, str]) -> str:
    opening, closing = _patterns(tags)
    blocks = list(_blocks(text, opening, lambda _: closing))
    if len(blocks) > 1:
        blocks = [block for block in blocks if not _is_mention(block, text)] or blocks
    return _joined(_unfenced(block.code) for block in blocks)


def _is_mention(block: _Block, text: str) -> bool:
    """Whether the tags stand within a line of words, which speak of them or of what is between them."""
    start, line_ends = block.opened.start(), text.find("\n", block.end)
    before, after = (
        text[text.rfind("\n", 0, start) + 1 : start],
        text[block.end : line_ends if line_ends >= 0 else None],
    )
    within = "\n" not in block.code and bool(before.strip())
    return within and (bool(after.strip()) or not _parses(block.code))


@lru_cache
def _patterns(tags: tuple[str, str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(tags[0], re.IGNORECASE), re.compile(tags[1], re.IGNORECASE)


def _fenced(text: str) -> str:
    """What is fenced as Python; or else in fences that don't say what it is, if it plainly is code."""
    fences = list(_fences(text))
    python = _joined(fence.code for fence in fences if fence.opened["language"].lower() in _PYTHON)
    if not (python and _parses(python)):
        loose = _joined(_LOOSE_FENCE.findall(text))
        python = loose if loose and _parses(loose) else python
    return python or _joined(f.code for f in fences if not f.opened["language"] and plainly_code(f.code))


def _whole(text: str, closing: str) -> str:
    whole = re.sub(rf"{closing}\s*$", "", text, flags=re.IGNORECASE)
    return whole.strip() if plainly_code(whole) else ""


def _unfenced(block: str) -> str:
    """A block without the fences that some models put inside of the tags."""
    if not block.lstrip().startswith(("```", "~~~")):
        return block
    return _joined(f.code for f in _fences(block) if f.opened["language"].lower() in {*_PYTHON, ""})


def _fences(text: str) -> Iterator[_Block]:
    return _blocks(text, _FENCE, lambda opened: re.compile(rf"^[ \t]*{opened['marks']}[ \t]*$", re.MULTILINE))


def _blocks(
    text: str, opening: re.Pattern[str], closing_of: Callable[[re.Match[str]], re.Pattern[str]]
) -> Iterator[_Block]:
    """The marked blocks of a text, up to an observation that the model made up: what follows rests on nothing."""
    at = 0
    while at <= len(text) and (opened := opening.search(text, at)):
        if at and _OBSERVATION.search(text, at, opened.start()):
            return
        code, end = _inside(text, opened.end(), closing_of(opened))
        yield _Block(opened, code, end)
        at = max(end, opened.start() + 1)


def _inside(text: str, start: int, closing: re.Pattern[str]) -> tuple[str, int]:
    """The code from `start` to the mark that closes it, and where that ends.

    A string in the code may hold such marks, so it is the first that leaves a program; if none does, the first.
    """
    mark = closing.search(text, start)
    end = mark.span() if mark else (len(text), len(text))
    if text[end[1] :].strip():  # otherwise there is nothing to choose
        end = next((each for each in _ends(text, start, closing) if _parses(text[start : each[0]])), end)
    return text[start : end[0]], end[1]


def _ends(text: str, start: int, closing: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the code from `start` may end: at the first closing marks, and with the text."""
    for mark in islice(closing.finditer(text, start), _TRIED):
        yield mark.span()
    yield len(text), len(text)


def _joined(blocks: Any) -> str:
    return "\n\n".join(_from_the_margin(block.strip("\n").rstrip()) for block in blocks if block.strip())


def _from_the_margin(block: str) -> str:
    """A block that is indented as a whole, as in a list, from where it begins."""
    return dedent(block) if block[:1] in " \t" else block


def plainly_code(text: str) -> bool:
    """Whether `text` is a Python program that does something, and not words that happen to parse."""
    body = _parsed(text.strip())
    return any(isinstance(node, _ACTS) or _is_call(node, text.strip()) or _is_declared(node) for node in body or ())


def _parses(text: str) -> bool:
    return _parsed(text.strip()) is not None


def _parsed(text: str) -> list[ast.stmt] | None:
    try:
        return list(tree_of(text, "<snippet>").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_declared(node: ast.stmt) -> bool:
    """`count: int = 0`; "Answer: 42" is a remark."""
    return isinstance(node, ast.AnnAssign) and node.value is not None


def _is_call(node: ast.stmt, text: str) -> bool:
    """A call as code writes it; "Done (mostly)" is a remark."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    function = ast.get_source_segment(text, node.value.func) or ""
    call = ast.get_source_segment(text, node.value) or ""
    return call[len(function) : len(function) + 1] == "("


def _guidance(text: str, tags: tuple[str, str]) -> str:
    opening, closing = (tag.replace("\\", "") for tag in tags)
    if not text.strip():
        return f"Your reply was empty. Write a block of code: {opening} ... {closing}"
    if "final" in text and "answer" in text:
        how = f"To give the final answer, call it in code:\n{opening}\nfinal_answer(...)\n{closing}"
    else:
        how = f"Write the code of this step between {opening} and {closing}."
    return f"Your reply has no block of code in it. {how}"


def parse_structured(text: str) -> str:
    """The code in a reply of the form `{"thought": ..., "code": ...}`. Raises `AgentParsingError`."""
    said = _without_thoughts(text, r"\{", r"\Z")
    start, end = said.find("{"), said.rfind("}")
    try:
        data = json.loads(said[start : end + 1], strict=False)
        code = data["code"]
    except (ValueError, KeyError, TypeError) as error:
        raise AgentParsingError(
            f'Your reply is not a JSON object with "thought" and "code" ({error}). Reply with one and no more.'
        ) from error
    if not isinstance(code, str) or not code.strip():
        raise AgentParsingError(f'"code" must be the program of this step, as text, and not {code!r:.100}.')
    return _unfenced(re.sub(r"^\s*<code>|</code>\s*$", "", code, flags=re.IGNORECASE)).strip("\n")


def ends_in_code(text: str, tags: tuple[str, str]) -> bool:
    """Whether a reply ends inside of its code: a tag, or else a fence, that is opened and not closed."""
    if _patterns(tags)[0].search(text):
        return closed(text, tags) != text
    return len(_MARKS.findall(text)) % 2 == 1


def closed(text: str, tags: tuple[str, str]) -> str:
    """`text` with the closing tag that a stop sequence cut off."""
    opening, closing = _patterns(tags)
    last_open = None
    for last_open in opening.finditer(text):  # noqa: B007  the last one is what is wanted
        pass
    if last_open is None or closing.search(text, last_open.end()):
        return text
    return text.rstrip("\n") + "\n" + tags[1].replace("\\", "")
