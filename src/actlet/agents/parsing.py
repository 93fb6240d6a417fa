"""Reading an action out of what a model wrote.

Models forget closing tags, fence their code in other ways than they were asked to, think aloud first, and write
around it. All of that is forgiven. What is never done is to run prose: text that isn't marked as code counts as
code only if all of it parses and it plainly does something (a call, an assignment, a definition).
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from ..errors import AgentParsingError

_THOUGHT = r"<(?P<kind>think|thinking|reasoning)>.*?</(?P=kind)>"
_END_OF_THOUGHT = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+.-]*)[^\n`]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
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
    plainly code. Several blocks are joined. Raises `AgentParsingError` with what to do instead.
    """
    said = _without_thoughts(text, tags[0], tags[1])
    for find in (_tagged, _fenced, _bare):
        code = find(said, tags)
        if code:
            return code
    raise AgentParsingError(_guidance(said, tags))


def _without_thoughts(text: str, opening: str, closing: str) -> str:
    """`text` without what was thought aloud. What stands between the tags is code and stays as it is."""
    parts = re.compile(rf"{_THOUGHT}|(?P<code>{opening}.*?(?:{closing}|\Z))", re.DOTALL | re.IGNORECASE)
    text = parts.sub(lambda part: part["code"] or "", text)
    ends = [end.end() for end in _END_OF_THOUGHT.finditer(text)]
    if ends and (re.search(opening, text[ends[-1] :]) or not re.search(opening, text[: ends[-1]])):
        return text[ends[-1] :]
    return text


def _tagged(text: str, tags: tuple[str, str]) -> str:
    opening, closing = tags
    blocks = re.finditer(rf"{opening}(?P<code>.*?)(?:{closing}|\Z)", text, re.DOTALL)
    return _joined(_unfenced(block["code"]) for block in blocks)


def _fenced(text: str, _: tuple[str, str]) -> str:
    return _joined(body for language, body in _FENCE.findall(text) if language.lower() in _PYTHON)


def _bare(text: str, tags: tuple[str, str]) -> str:
    fenced = [body for language, body in _FENCE.findall(text) if not language and plainly_code(body)]
    if fenced:
        return _joined(fenced)
    whole = re.sub(tags[1] + r"\s*$", "", text)
    return whole.strip() if plainly_code(whole) else ""


def _unfenced(block: str) -> str:
    """A block without the fences that some models put inside of the tags."""
    if not block.lstrip().startswith("```"):
        return block
    return _joined(body for language, body in _FENCE.findall(block) if language.lower() in {*_PYTHON, ""})


def _joined(blocks: Any) -> str:
    return "\n\n".join(block.strip("\n").rstrip() for block in blocks if block.strip())


def plainly_code(text: str) -> bool:
    """Whether `text` is a Python program that does something, and not words that happen to parse."""
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _ACTS) or _is_call(node, text.strip()) or _is_declared(node) for node in body)


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
    return _unfenced(re.sub(r"^\s*<code>|</code>\s*$", "", code)).strip("\n")


def closed(text: str, tags: tuple[str, str]) -> str:
    """`text` with the closing tag that a stop sequence cut off."""
    opening, closing = tags
    last_open = [match.end() for match in re.finditer(opening, text)]
    if not last_open or re.search(closing, text[last_open[-1] :]):
        return text
    return text.rstrip("\n") + "\n" + closing.replace("\\", "")
