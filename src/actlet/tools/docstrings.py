"""Reading a docstring for what a model should know: what the tool does, its arguments, what it returns.

Google, NumPy and Sphinx styles, told apart by `docstring_parser`. What a docstring raises is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import cleandoc


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring's parts; what it doesn't say is "" or absent."""

    description: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""


def read_docstring(text: str | None) -> Docstring:
    """The parts of a docstring. One that no style fits is all description."""
    if not text or not text.strip():
        return Docstring()
    from docstring_parser import ParseError, parse

    try:
        parsed = parse(text)
    except ParseError:
        return Docstring(cleandoc(text))
    examples = [f"Example:\n{e.snippet or e.description}" for e in parsed.examples if e.snippet or e.description]
    return Docstring(
        description="\n\n".join(filter(None, [(parsed.description or "").strip(), *examples])),
        arguments={p.arg_name.lstrip("*"): _one_line(p.description) for p in parsed.params if p.description},
        returns=_one_line(parsed.returns.description) if parsed.returns else "",
    )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
