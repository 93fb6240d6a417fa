"""What a kernel is told of the tools: their names, parameters and words. Nothing else of them leaves the host."""

from __future__ import annotations

import inspect
import math
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
        "doc": f"{name}{signature}\n\n{description}",
        "params": str(_plain(signature)),
        "names": list(signature.parameters),
        "direct": bool(getattr(tool, "answers_directly", False)),
        "async": bool(getattr(tool, "is_async", False)),
    }


def _plain(signature: inspect.Signature) -> inspect.Signature:
    """The signature without its types, and with no defaults but plain ones: the rest stays here."""
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_plain_default(parameter.default))
        for parameter in signature.parameters.values()
    ]
    return inspect.Signature(parameters)


def _plain_default(default: Any) -> Any:
    if default is inspect.Parameter.empty or default is None or type(default) in (bool, int, str):
        return default
    return default if type(default) is float and math.isfinite(default) else _LEFT_OUT
