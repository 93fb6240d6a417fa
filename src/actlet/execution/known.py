"""What the host knows of the names in a box that is somewhere else, and the look over a snippet that this allows.

The rule: where there is doubt it keeps silent. A snippet that could have bound names behind its back (`exec`,
`globals()`, `import *`) ends what is known until the box is reset. What may be imported or named is no business of
this look: the box itself keeps the snippet in.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Any

from .box import SnippetError
from .kernel import tree_of
from .policy import Imports
from .preflight import Surroundings, mistakes
from .survey import Survey

_DOUBTFUL = {
    "exec", "eval", "globals", "locals", "vars", "builtins", "__builtins__", "__import__", "importlib", "inspect",
    "sys", "gc",
}  # fmt: skip


_EVERYTHING = Imports(["*"])


def _anything() -> None:
    """Stands for the value of a name, of which nothing is known: it may be something to call."""


class Known:
    """The names that snippets find in a box."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._files: set[str] = set()
        self._tools: Mapping[str, Any] | None = None
        self._found: dict[str, Any] = {}
        self._doubt = False

    def add_files(self, files: Iterable[str]) -> None:
        """These are in the work folder, or have been."""
        self._files.update(files)

    def add(self, names: Iterable[str]) -> None:
        """These are bound now, or have been."""
        self._names.update(names)

    def forget(self) -> None:
        """The box is empty."""
        self._names.clear()
        self._files.clear()
        self._doubt = False

    def lost(self, given: Mapping[str, Any]) -> str:
        """In words: what a new kernel doesn't have of what this one had. It will have what the host gave."""
        names, files = sorted(self._names - given.keys()), sorted(self._files)
        self._names.intersection_update(given)
        self._files.clear()
        if not names and not files:
            return "No variables were lost; the next snippet gets a new box."
        lost = " and ".join(
            _listed(what, words) for what, words in (("variables", names), ("files", files)) if words
        )
        return f"The next snippet gets a new box, without {lost}: make what you need again."

    def refuses(self, code: str, tools: Mapping[str, Any]) -> SnippetError | None:
        """Why the snippet is certain to fail; None if it may run. Its syntax is left to the box's own Python."""
        try:
            tree: Any = tree_of(code, "<snippet>")
            survey = Survey(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
            return None
        if (
            survey.star
            or any(node.id in _DOUBTFUL for node, _ in survey.loads)
            or not survey.imported.isdisjoint(_DOUBTFUL)
        ):
            self._doubt = True
        if self._doubt:
            return None
        if tools is not self._tools:
            self._tools = tools
            self._found = {**vars(builtins), **dict.fromkeys(tools), "__name__": None, "__builtins__": None}
        around = Surroundings(dict.fromkeys(self._names, _anything), self._found, tools, _EVERYTHING)
        problems = mistakes(survey, around)
        if not problems:
            return None
        return SnippetError(problems[0].type, f"{problems[0].message}\n(Nothing was run.)", problems[0].line)


def _listed(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return f"the {what} {', '.join(names[:30])}{more}"
