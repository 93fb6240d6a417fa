"""The hostile snippets: files `NNN_name.py`, a header of comments and the code that a box is sent.

001 to 354 come from the corpus that this project was given (README.md says more); 401 and up are our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "escapes"


@dataclass(frozen=True)
class Snippet:
    """A snippet and what its header says. `breach` names the marks of which any one is a breach."""

    path: Path
    header: dict[str, str]

    @property
    def number(self) -> int:
        return int(self.header["id"])

    @property
    def category(self) -> str:
        return self.header["category"]

    @property
    def breach(self) -> tuple[str, ...]:
        return tuple(self.header["breach"].replace(",", " ").split())

    @property
    def imports(self) -> list[str]:
        return [name.strip() for name in self.header.get("imports", "").split(",") if name.strip()]

    @property
    def baseline(self) -> str:
        """The unsafe box in which it must get through: without that it would prove nothing."""
        return {"worker": "naive", "inproc": "plain"}.get(self.header["baseline"], self.header["baseline"])

    @property
    def needs_root(self) -> bool:
        return self.header.get("root") == "needed"

    @property
    def alone(self) -> bool:
        """Whether its marks are looked for on the whole machine, so that no other may run meanwhile."""
        return not {"orphan", "leak"}.isdisjoint(self.breach) or self.path.stem.endswith("memory")

    def __str__(self) -> str:
        return self.path.stem


def _read(path: Path) -> Snippet:
    header: dict[str, str] = {}
    for line in path.read_text().splitlines():
        found = re.match(r"#\s*([a-z_]+):\s*(.*)", line)
        if found is None:
            break
        header[found[1]] = found[2].strip()
    return Snippet(path, header)


SNIPPETS = [_read(path) for path in sorted(FOLDER.glob("[0-9]*.py"))]


def of(*categories: str) -> list[Snippet]:
    """The snippets of these categories, in order."""
    return [snippet for snippet in SNIPPETS if snippet.category in categories]


def numbered(number: int) -> Snippet:
    """The snippet with this number."""
    return next(snippet for snippet in SNIPPETS if snippet.number == number)
