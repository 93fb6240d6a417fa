"""`AgentLogger`: how much an agent tells, and on which console.

A logger keeps a level and draws; it doesn't watch runs (`console.py` does, and draws through `log`). Whoever wants
the output elsewhere overrides `log` (and `live`, for what streams): all the rest passes through it. rich is loaded
when something is first drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .levels import YELLOW_HEX, LogLevel, level_of

if TYPE_CHECKING:
    from rich.console import Console

    from .screen import LiveText


class AgentLogger:
    """Draws what has at most this `level` on a rich `console`: stdout, or stderr, unless one is given."""

    def __init__(
        self, level: LogLevel | int = LogLevel.INFO, console: Console | None = None, *, stderr: bool = False
    ) -> None:
        self.level = LogLevel(level)
        self._console, self._stderr = console, stderr

    @property
    def console(self) -> Console:
        """The console, made when it is first asked for."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(highlight=False, stderr=self._stderr)
        return self._console

    @console.setter
    def console(self, console: Console) -> None:
        self._console = console

    def shows(self, level: int | str) -> bool:
        """Whether something of this level is shown."""
        return level_of(level) <= self.level

    def log(self, *args: Any, level: int | str = LogLevel.INFO, **kwargs: Any) -> None:
        """Print text or rich renderables, with the keywords of rich's `Console.print`."""
        if self.shows(level):
            from .screen import draw

            draw(self.console, *args, **kwargs)

    def log_error(self, error_message: str) -> None:
        """Print an error, in red."""
        self.log(error_message, style="bold red", level=LogLevel.ERROR)

    def log_markdown(
        self, content: str, title: str | None = None, level: int | str = LogLevel.INFO, style: str = YELLOW_HEX
    ) -> None:
        """Print Markdown as its source, under a title."""
        if self.shows(level):
            from .panels import markdown

            self.log(markdown(self.console, content, title, style), level=level)

    def log_code(self, title: str, content: str, level: int | str = LogLevel.INFO) -> None:
        """Print a snippet of Python under a title."""
        if self.shows(level):
            from .panels import code_panel

            self.log(code_panel(self.console, title, content), level=level)

    def log_rule(self, title: str, level: int | str = LogLevel.INFO) -> None:
        """Print a line across the screen with a title in it."""
        if self.shows(level):
            from .panels import rule

            self.log(rule(title), level=level)

    def log_task(
        self, content: str, subtitle: str, title: str | None = None, level: int | str = LogLevel.INFO
    ) -> None:
        """Print a new task: `subtitle` is what works on it, `title` the agent's name."""
        if self.shows(level):
            from .panels import task_panel

            self.log(task_panel(content, subtitle, title), level=level)

    def log_messages(self, messages: Iterable[Any], level: int | str = LogLevel.DEBUG) -> None:
        """Print chat messages, each under its role."""
        if self.shows(level):
            from .panels import messages_panel

            self.log(messages_panel(messages), level=level)

    def log_answer(self, answer: object, level: int | str = LogLevel.INFO) -> None:
        """Print a final answer."""
        self.log(f"Final answer: {answer}", style=f"bold {YELLOW_HEX}", level=level)

    def live(self, indent: str = "", label: str = "") -> LiveText:
        """Something to write text to that is shown while it comes; `end()` it."""
        from .screen import LiveText

        return LiveText(self.console.file, indent, label)

    def visualize_agent_tree(self, agent: Any) -> None:
        """Print an agent, its tools and its team as a tree, whatever the level."""
        from .screen import draw
        from .tree import agent_tree

        draw(self.console, agent_tree(agent))

    def replay(self, memory: Any, detailed: bool = False) -> None:
        """Print what a memory holds, step by step, whatever the level; `detailed` adds what the model was sent."""
        from .replay import retold
        from .screen import draw

        draw(self.console, retold(self.console, memory, detailed))
