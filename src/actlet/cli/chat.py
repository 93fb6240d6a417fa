"""`actlet chat`: a conversation with an agent that remembers. Answers go to stdout, everything else to stderr.

Ctrl-C stops the turn that is going on and keeps what was said; Ctrl-D leaves. Lines may also be piped in: nobody
sees then how a turn went, so the exit code tells of the first that failed, after all of them were carried out.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ..errors import ActletError
from .building import build_agent
from .exits import Exit
from .run import answer_text, out_of_steps
from .streams import asking, give, say

_PROMPT = "> "


def chat(options: Namespace) -> Exit:
    """Talk until the input ends."""
    conversation = _Conversation(build_agent(options), options)
    if sys.stdin.isatty():
        say("Ctrl-C stops a turn, Ctrl-D leaves, /help lists the commands.")
    for line in _lines():
        if not conversation.take(line.strip()):
            break
    return Exit.ANSWERED if sys.stdin.isatty() else conversation.first_failure


def _lines() -> Iterator[str]:
    while True:
        try:
            yield _ask()
        except EOFError:
            return
        except KeyboardInterrupt:
            say("(Ctrl-D or /quit leaves)")


def _ask() -> str:
    with asking() as can_edit:
        if can_edit:
            with suppress(ImportError):  # not on Windows; it gives `input` editing and a history
                import readline  # noqa: F401
        return input(_PROMPT if sys.stdin.isatty() else "")


class _Conversation:
    """A session, and what may be done with it by a line of text."""

    def __init__(self, agent: Any, options: Namespace) -> None:
        self._agent, self._options = agent, options
        self.first_failure = Exit.ANSWERED
        self._session = agent.session()
        self._commands: dict[str, Callable[[], None]] = {
            "/help": self._help,
            "/reset": self._reset,
            "/tools": self._tools,
            "/steps": self._steps,
        }

    def take(self, line: str) -> bool:
        """Do what a line says; False: leave."""
        if line in ("/quit", "/exit"):
            return False
        if line.startswith("/"):
            self._commands.get(line, lambda: say(f"there is no command {line!r}: /help lists them"))()
        elif line:
            self._answer(line)
        return True

    def _answer(self, task: str) -> None:
        try:
            ended = self._turn(task)
        except KeyboardInterrupt:
            say("(stopped; the conversation goes on)")
        except ActletError:
            say("(failed; the conversation goes on)")  # the console has told why
            self.first_failure = self.first_failure or Exit.FAILED
        else:
            self.first_failure = self.first_failure or ended

    def _turn(self, task: str) -> Exit:
        result = self._session.run(task, return_full_result=True)
        give(answer_text(result.output))
        return Exit.ANSWERED if result.success else out_of_steps(self._options)

    def _help(self) -> None:
        """List the commands."""
        for name, command in self._commands.items():
            say(f"{name:8} {command.__doc__}")
        say("/quit    Leave; so does Ctrl-D. Ctrl-C stops the turn that is going on.")

    def _reset(self) -> None:
        """Forget the conversation and its variables."""
        self._session.close()
        self._session = self._agent.session()

    def _tools(self) -> None:
        """Show the agent and its tools."""
        self._agent.logger.visualize_agent_tree(self._agent)

    def _steps(self) -> None:
        """Show what was said and done so far."""
        self._agent.logger.replay(self._session.memory)
