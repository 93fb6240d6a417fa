"""What a kernel is told of the tools: their names, parameters and words. Nothing else of them leaves the host.

Defaults don't either: they may be what the tool's author keeps for the host, and the host fills them in.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


class _LeftOut:
    """Shown as `...`: a default that stays on the host."""

    def __repr__(self) -> str:
        return "..."


_LEFT_OUT = _LeftOut()
_ANY = inspect.Signature(
    [
        inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
    ]
)


def offers_of(tools: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tools as a kernel is told of them. Raises `ValueError` for a name that is no identifier."""
    return [_offer(name, tool) for name, tool in tools.items()]


def _offer(name: str, tool: Any) -> dict[str, Any]:
    if not name.isidentifier():
        raise ValueError(f"a tool is called by its name, which must be an identifier, not {name!r}")
    signature = getattr(tool, "signature", None)
    if not isinstance(signature, inspect.Signature):
        signature = _ANY
    description = getattr(tool, "description", None) or getattr(tool, "__doc__", None) or ""
    return {
        "name": name,
        "doc": f"{name}{_without_defaults(signature)}\n\n{description}",
        "params": str(_plain(signature)),
        "names": list(signature.parameters),
        "direct": bool(getattr(tool, "answers_directly", False)),
        "async": bool(getattr(tool, "is_async", False)),
    }


def _without_defaults(signature: inspect.Signature) -> inspect.Signature:
    """The signature, with `...` for each default but None, True and False, which hold nothing."""
    parameters = [
        parameter if _is_harmless(parameter.default) else parameter.replace(default=_LEFT_OUT)
        for parameter in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def _plain(signature: inspect.Signature) -> inspect.Signature:
    """The same without types, as a snippet's Python can read it."""
    parameters = [
        parameter.replace(annotation=parameter.empty)
        for parameter in _without_defaults(signature).parameters.values()
    ]
    return inspect.Signature(parameters)


def _is_harmless(default: Any) -> bool:
    return default is None or default is inspect.Parameter.empty or type(default) is bool
