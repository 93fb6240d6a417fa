"""From options to an agent: its model, its tools, its console. Everything it says goes to stderr."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ..errors import BoxError
from ..monitoring import AgentLogger, LogLevel
from .boxing import box_settings, refuse_box_options
from .exits import CommandError, Exit
from .named import named_tool, split
from .reaching import unanswered
from .streams import say

QUICKLY = 0.5
"""Seconds in which a server that isn't there refuses the connection; one that is slow is asked all the same."""


class StderrLogger(AgentLogger):
    """Draws on stderr, and leaves the answer to stdout."""

    def __init__(self, level: LogLevel) -> None:
        super().__init__(level, stderr=True)

    def log_answer(self, answer: object, level: int | str = LogLevel.INFO) -> None:
        """Nothing: the command prints the answer."""


def build_agent(options: Namespace, **settings: Any) -> Any:
    """The agent that the options describe. Raises `CommandError` where they don't fit."""
    from ..agents import CodeAgent, MultiStepAgent, ToolCallingAgent

    level = LogLevel.ERROR if options.quiet else LogLevel.DEBUG if options.verbose else LogLevel.INFO
    if options.agent == "tool-calling":
        refuse_box_options(options)
    named = [named_tool(name) for name in split(options.tools)]
    model = find(options.model, options.api_base, options.api_key, quiet=options.quiet)
    settings |= {
        "tools": [thing for thing in named if not isinstance(thing, MultiStepAgent)],
        "managed_agents": [thing for thing in named if isinstance(thing, MultiStepAgent)],
        "model": model,
        "max_steps": options.max_steps,
        "planning_interval": options.planning_interval,
        "instructions": options.instructions,
        "logger": StderrLogger(level),
        "stream_outputs": model.can_stream and not options.quiet,
    }
    try:
        if options.agent == "tool-calling":
            return ToolCallingAgent(**settings)
        return CodeAgent(**settings, **box_settings(options))
    except BoxError as error:
        raise CommandError(str(error), Exit.FAILED) from error
    except (ValueError, TypeError, ImportError) as error:
        raise CommandError(str(error)) from error


def find(spec: str | None, api_base: str | None = None, api_key: str | None = None, quiet: bool = False) -> Any:
    """The model that is asked for, or the one that is there. Says which, and why.

    Raises `CommandError` if there is none, and where its server refuses the connection: a run would try again for
    a while.
    """
    from ..models.find import find_model

    try:
        found = find_model(spec, api_base=api_base, api_key=api_key)
    except (ValueError, ImportError) as error:
        raise CommandError(f"no model was found.\n{error}", Exit.NO_MODEL) from error
    if not quiet:
        say(f"actlet: {found.model.model_id}, as {found.why}")
        for note in found.notes:
            say(f"actlet: {note}")
    problem = unanswered(found.model, QUICKLY)
    if isinstance(problem, ConnectionRefusedError):
        raise CommandError(str(problem), Exit.FAILED)
    return found.model
