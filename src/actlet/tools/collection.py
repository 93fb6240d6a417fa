"""`ToolCollection`: several tools that come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .tool import Tool


class ToolCollection:
    """Tools that come together: `CodeAgent(tools=[*collection], ...)`."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self.tools = list(tools)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools)

    def __len__(self) -> int:
        return len(self.tools)

    def __repr__(self) -> str:
        return f"ToolCollection({self.tools!r})"
