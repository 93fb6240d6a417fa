"""From options to a box: the one that is asked for, or else the strongest that needs nothing but this machine."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..execution.boxes import readiness
from .exits import CommandError
from .named import json_or_text, requirements, split
from .streams import say


def box_settings(options: Namespace) -> dict[str, Any]:
    """The settings of a code agent that say where its code runs. Raises `CommandError` where they don't fit."""
    executor = options.executor or default_box()
    packages = requirements(options.packages)
    if packages and executor == "local":
        raise CommandError("--packages need a box to be installed in: --executor sandbox, docker or wasm")
    given = dict(map(_option, options.executor_option))
    if options.snippet_timeout is not None:
        given["timeout_seconds"] = options.snippet_timeout
    if packages:
        given["packages"] = packages
    return {
        "additional_authorized_imports": split(options.imports, ", "),
        "executor_type": executor,
        "executor_kwargs": given,
    }


def refuse_box_options(options: Namespace) -> None:
    """Raise `CommandError` if there are options of a box, for an agent that runs no code."""
    of_a_box = ("executor", "executor_option", "packages", "imports", "snippet_timeout")
    given = [f"--{name.replace('_', '-')}" for name in of_a_box if getattr(options, name)]
    if given:
        raise CommandError(f"{' and '.join(given)}: an agent that acts by tool calls runs no code, and has no box")


def default_box() -> str:
    """The sandbox where it works; else this process, which is told, with the reason."""
    found = readiness("sandbox")
    if found.ok:
        return "sandbox"
    say("actlet: code runs in this process, WITHOUT isolation, because the sandbox doesn't work here:")
    say(f"actlet: {found.remedy or found.detail}")
    return "local"


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise CommandError(f"--executor-option {text!r} is not KEY=VALUE, as in memory_mb=512")
    return name, json_or_text(value)
