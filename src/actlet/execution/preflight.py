"""A look over a snippet before it runs, in one walk over its tree.

It finds what the policy refuses, wherever it stands, and two kinds of mistakes that are certain: a name that
doesn't exist, where the snippet is bound to reach it, and a call of a tool that doesn't fit the tool's signature.
A mistake is reported before anything has happened. Where there is doubt the look-over keeps silent: names that
anything in the snippet binds, in whatever scope, are taken to exist; what stands in a branch, a function, a
loop's body or a `try` may never be reached. (One thing is refused that might run: a tool's call that can't fit,
in a branch that is never reached.)

It also has assignments to attributes of what was imported checked when they happen, and `final_answer(...)` reach
the tool where the snippet has a variable of that name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from .guards import CHANGEABLE
from .policy import REFUSED_NAMES, Imports
from .survey import CAUGHT, SURE, Problem, Survey, guarded, root_of

FINAL_ANSWER = "final_answer"
FINAL_ANSWER_TOOL = "<final_answer>"
"""The tool, where the snippet has a variable of the same name."""


_IMPLICIT = frozenset({"__annotations__", "__doc__"})
"""Names that Python itself binds, where a program has something for them."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a snippet can use: the variables, the builtins (tools among them), the tools, what it may import.

    `declared` are the names that earlier snippets declared global: their functions may have bound them since.
    """

    namespace: Mapping[str, Any]
    builtins: Mapping[str, Any]
    tools: Mapping[str, Any]
    imports: Imports
    declared: set[str] = field(default_factory=set)

    def has(self, name: str) -> bool:
        """Whether a snippet finds `name`."""
        return name in self.builtins or name in self.namespace or name in _IMPLICIT


def look_over(tree: ast.Module, around: Surroundings) -> list[Problem]:
    """What is wrong with a snippet for certain, in the order of its lines. Puts the guards into `tree`."""
    survey = Survey(tree)
    problems = [*survey.problems, *_imports(survey, around), *_names(survey, around), *_calls(survey, around)]
    _guard_assignments(survey, around)
    _keep_final_answer(survey, around)
    around.declared.update(survey.declared)
    return sorted(problems, key=lambda problem: problem.line)


def mistakes(survey: Survey, around: Surroundings) -> list[Problem]:
    """The certain mistakes alone, for a box that has no policy: names that don't exist, calls that don't fit."""
    return sorted([*_names(survey, around), *_calls(survey, around)], key=lambda problem: problem.line)


def _imports(survey: Survey, around: Surroundings) -> Iterator[Problem]:
    imports = around.imports
    for module, sure, line in survey.imports:
        if sure == SURE and not imports.allow(module) and not imports.lead_to(module):
            yield Problem("ImportError", imports.refusal(module), line)


def _names(survey: Survey, around: Surroundings) -> Iterator[Problem]:
    """Names that don't exist, each once: those that policy refuses, and those that are certain to be reached."""
    told: set[str] = set()
    for node, sure in survey.loads:
        name, line = node.id, node.lineno
        if name in survey.bound or name in told or around.has(name):
            continue
        if name in REFUSED_NAMES:
            told.add(name)
            yield Problem("ForbiddenError", f"`{name}` is not available here: {REFUSED_NAMES[name]}", line)
        elif sure == SURE and _is_unknown(name, survey, around) and not _is_answered(survey, line):
            told.add(name)
            yield Problem("NameError", _missing(name, survey, around), line)


def _is_unknown(name: str, survey: Survey, around: Surroundings) -> bool:
    return not survey.star and name not in around.declared


def _is_answered(survey: Survey, line: int) -> bool:
    """Whether the final answer may have been given before this line."""
    return any(node.id == FINAL_ANSWER and node.lineno < line for node, _ in survey.loads)


def _missing(name: str, survey: Survey, around: Surroundings) -> str:
    if around.imports.allow(name) and not around.imports.everything:
        return f"name {name!r} is not defined. Did you forget to import {name!r}?"
    known = [other for other in (*around.namespace, *around.builtins, *survey.bound) if other[0] not in "<_"]
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    hint = f" Did you mean: {close[0]!r}?" if close else ""
    return f"name {name!r} is not defined.{hint}"


def _calls(survey: Survey, around: Surroundings) -> Iterator[Problem]:
    """Calls of tools that can't fit, and calls of a variable that hides a tool."""
    for call, sure in survey.calls:
        name = _called(call)
        tool = around.tools.get(name)
        if tool is None or name in survey.bound or sure == CAUGHT:
            continue
        wrong = _misfit(tool, call)
        if name in around.namespace:
            wrong = _hidden(name, around.namespace[name]) if sure == SURE else None
        if wrong is not None:
            yield Problem("TypeError", wrong, call.lineno)


def _hidden(name: str, variable: Any) -> str | None:
    if name == FINAL_ANSWER or callable(variable):
        return None
    kind = type(variable).__name__
    return f"{name!r} is a variable ({kind}) that hides the tool; `del {name}` brings the tool back"


def _misfit(tool: Any, call: ast.Call) -> str | None:
    """Why a tool's call can't fit its signature; None if it may."""
    names = [keyword.arg for keyword in call.keywords]
    if not hasattr(tool, "bind") or None in names or any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    if len(call.args) == 1 and not names:
        return None
    try:
        tool.bind((None,) * len(call.args), dict.fromkeys(filter(None, names)))
    except TypeError as error:
        return str(error)
    return None


def _guard_assignments(survey: Survey, around: Surroundings) -> None:
    """Have the assignments to attributes of imported things, and of what has no name, checked when they happen."""
    for node in survey.set_attributes:
        root = root_of(node)
        if root is None or _is_imported(root, survey, around):
            node.value = guarded(CHANGEABLE, node.value)


def _is_imported(name: str, survey: Survey, around: Surroundings) -> bool:
    name = survey.aliases.get(name, name)
    if name in survey.imported:
        return True
    value = around.namespace.get(name, around.builtins.get(name))
    own = getattr(value, "__module__", None) == "__main__"
    return isinstance(value, ModuleType) or (isinstance(value, type) and not own)


def _keep_final_answer(survey: Survey, around: Surroundings) -> None:
    if FINAL_ANSWER in around.tools and (FINAL_ANSWER in survey.bound or FINAL_ANSWER in around.namespace):
        for call, _ in survey.calls:
            if _called(call) == FINAL_ANSWER:
                call.func = ast.copy_location(ast.Name(FINAL_ANSWER_TOOL, ast.Load()), call.func)


def _called(call: ast.Call) -> str:
    name: str = call.func.id  # type: ignore[attr-defined]
    return name
