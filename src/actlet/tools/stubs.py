"""How a tool is shown to a model: a typed Python stub for code, a few lines of text for calls.

The signature says the types, formats and defaults; below it stands only what has a description. Async tools are
shown as plain functions: a snippet calls them so, and the run does the waiting.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Protocol

from .hints import Definitions, write_hint, write_value
from .parameters import EMPTY, Parameter


class Shown(Protocol):
    """What is needed of a tool to show it."""

    name: str
    description: str

    @property
    def parameters(self) -> tuple[Parameter, ...]: ...  # noqa: D102
    @property
    def signature(self) -> inspect.Signature: ...  # noqa: D102
    @property
    def returns_description(self) -> str: ...  # noqa: D102


def signature_text(tool: Shown) -> str:
    """`(a: int = 3) -> str`."""
    return _signature(tool, {})


def code_stub(tool: Shown) -> str:
    """`def name(a: int = 3) -> str:` with its docstring, after the classes that the signature needs."""
    definitions: Definitions = {}
    header = f"def {tool.name}{_signature(tool, definitions)}:"
    lines = [*tool.description.strip().splitlines(), *_described(tool)]
    body = lines[0] if len(lines) == 1 else "\n".join(lines) + "\n"
    docstring = inspect.cleandoc('"""' + body.replace('"""', "'''")) + '"""'
    return "\n".join([*definitions.values(), header, _indented(docstring)])


def call_stub(tool: Shown) -> str:
    """`name(a: int = 3) -> str: description`, and a line for each argument that has one."""
    definitions: Definitions = {}
    header = f"{tool.name}{_signature(tool, definitions)}: {tool.description.strip()}"
    return "\n".join([header, *(_indented(line) for line in (*_described(tool), *definitions.values()))])


def write_parameter(parameter: Parameter, definitions: Definitions) -> str:
    """One parameter, as it stands in a signature."""
    default = "" if parameter.required else f" = {write_value(parameter.default)}"
    return f"{parameter.name}: {write_hint(parameter.hint, definitions)}{default}"


def _signature(tool: Shown, definitions: Definitions) -> str:
    by_name = {p.name: p for p in tool.parameters}
    shown = list(_starred(tool.signature, by_name, definitions))
    returns = tool.signature.return_annotation
    arrow = "" if returns is EMPTY else f" -> {write_hint(returns, definitions)}"
    return f"({', '.join(shown)}){arrow}"


def _starred(
    signature: inspect.Signature, by_name: dict[str, Parameter], definitions: Definitions
) -> Iterable[str]:
    starred = False
    for name in signature.parameters:
        if by_name[name].keyword_only and not starred:
            starred = True
            yield "*"
        yield write_parameter(by_name[name], definitions)


def _described(tool: Shown) -> Iterable[str]:
    described = [f"    {p.name}: {p.description}" for p in tool.parameters if p.description]
    if described:
        yield "Args:"
        yield from described
    if tool.returns_description:
        yield f"Returns: {tool.returns_description}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())
