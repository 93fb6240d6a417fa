"""What the console draws, as rich renderables. Only what draws imports this module: rich comes with it.

Text becomes `Text`, never markup, so that it is shown as it was written. Code is coloured where there are colours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from ..printable import printable
from .levels import YELLOW_HEX


def literal(text: object, style: str = "") -> Text:
    """Text as it was written."""
    return Text(printable(str(text)), style=style)


def code_panel(console: Console, title: str, code: str) -> RenderableType:
    """A snippet between two lines, under its title."""
    return Panel(
        highlighted(console, code, "python"),
        title=literal(title, "bold"),
        title_align="left",
        box=box.HORIZONTALS,
    )


def highlighted(console: Console, text: str, language: str) -> RenderableType:
    """Text coloured as `language`, or plain on a console without colours (where lexing it would be in vain)."""
    if console.color_system is None:
        return literal(text)
    from rich.syntax import Syntax

    return Syntax(printable(text), language, theme="monokai", background_color="default", word_wrap=True)


def task_panel(task: str, subtitle: str, title: str | None = None) -> RenderableType:
    """A new task, and what works on it."""
    heading = "New run" + (f" - {title}" if title else "")
    return Panel(
        Group("", literal(task.strip(), "bold"), ""),
        title=literal(heading, f"bold {YELLOW_HEX}"),
        subtitle=literal(subtitle),
        border_style=YELLOW_HEX,
        subtitle_align="left",
    )


def rule(title: str) -> RenderableType:
    """A line across the screen with a title in it."""
    return Rule(literal(title, "bold"), characters="━", style=YELLOW_HEX)


def boxed(text: str) -> RenderableType:
    """A line of text in a box."""
    return Panel(literal(text))


def markdown(console: Console, content: str, title: str | None, style: str) -> RenderableType:
    """Markdown as its source, coloured, under a title."""
    body = highlighted(console, content, "markdown")
    if title is None:
        return body
    return Group(Rule(literal(title, "bold italic"), align="left", style=style), body)


def indented(part: RenderableType, columns: int) -> RenderableType:
    """What belongs to an agent further down in a team, moved to the right."""
    return Padding(part, (0, 0, 0, columns)) if columns else part


def messages_panel(messages: Iterable[Any]) -> RenderableType:
    """Chat messages, each under its role; images are named, not shown."""
    lines: list[RenderableType] = []
    for message in messages:
        text = message.render_as_markdown()
        images = sum(part.get("type") == "image" for part in message.content or () if isinstance(part, dict))
        lines += [
            literal(f"[{message.role.value}]", "bold"),
            literal(text + f"\n(images: {images})" * bool(images)),
            "",
        ]
    return Group(*lines[:-1])
