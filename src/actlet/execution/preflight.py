"""A look over a snippet before it runs, in one walk over its tree.

It finds what the policy refuses, wherever it stands, and two kinds of mistakes that are certain: a name that
doesn't exist, where the snippet is bound to reach it, and a call of a tool that doesn't fit the tool's signature.
A mistake is reported before anything has happened. Where there is doubt the look-over keeps silent: names that
anything in the snippet binds, in whatever scope, are taken to exist; what stands in a branch, a function, a
loop's body or a `try` may never be reached. (One thing is refused that might run: a tool's call that can't fit,
in a branch that is never reached.)

The same walk puts the few guards in place that a snippet's own code needs: for `.format`, for `__setattr__`, and
for assignments to attributes of what was imported. Line numbers stay the same.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from .guards import CHANGEABLE, GUARDED_ATTRIBUTES
from .policy import (
    REFUSED_DEFINITIONS,
    REFUSED_IDENTIFIERS,
    REFUSED_NAMES,
    Imports,
    refused_attribute,
)

SURE, MAYBE, CAUGHT = 2, 1, 0
"""Whether a part of a snippet is reached: bound to be, perhaps, or with somebody around it to catch its errors."""

FINAL_ANSWER = "final_answer"
FINAL_ANSWER_TOOL = "<final_answer>"
"""The tool, where the snippet has a variable of the same name."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a snippet isn't run: an error's type and message, and the line."""

    type: str
    message: str
    line: int


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


def look_over(tree: ast.Module, around: Surroundings) -> list[Problem]:
    """What is wrong with a snippet for certain, in the order of its lines. Puts the guards into `tree`."""
    walk = _Walk(around)
    walk.over(tree)
    problems = walk.problems + list(walk.judge())
    walk.put_guards()
    around.declared.update(walk.declared)
    return sorted(problems, key=lambda problem: problem.line)


class _Walk:
    """What one walk over a tree finds."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._stack: list[tuple[Any, int]] = []
        self.problems: list[Problem] = []
        self.declared: set[str] = set()
        self._bound: set[str] = set()
        self._imported: set[str] = set()
        self._loads: list[tuple[ast.Name, int]] = []
        self._calls: list[tuple[ast.Call, int]] = []
        self._set_attributes: list[ast.Attribute] = []
        self._aliases: dict[str, str] = {}
        self._star = False

    def over(self, tree: ast.Module) -> None:
        """Walk over the whole tree, with a stack of its own: a tree may be deeper than Python's."""
        stack = self._stack
        ways, leaves = _WAYS, _LEAVES
        stack.append((tree, SURE))
        while stack:
            node, sure = stack.pop()
            way = ways.get(node.__class__)
            if way is not None:
                way(self, node, sure)
                continue
            for name in node._fields:
                child = getattr(node, name, None)
                if child.__class__ is list:
                    stack.extend([(part, sure) for part in child if part.__class__ not in leaves])
                elif child.__class__ not in leaves:
                    stack.append((child, sure))

    # What it found

    def judge(self) -> Iterator[Problem]:
        """The problems that need to know the whole snippet."""
        answered = min((node.lineno for node, _ in self._loads if node.id == FINAL_ANSWER), default=None)
        for node, sure in self._loads:
            name = node.id
            if name in self._bound or name in self._around.builtins or name in self._around.namespace:
                continue
            if name in REFUSED_NAMES:
                yield Problem(
                    "ForbiddenError", f"`{name}` is not available here: {REFUSED_NAMES[name]}", node.lineno
                )
            elif sure == SURE and self._is_unknown(name) and (answered is None or node.lineno <= answered):
                yield Problem("NameError", self._missing(name), node.lineno)
        for call, sure in self._calls:
            yield from self._judge_call(call, sure)

    def put_guards(self) -> None:
        """Have the assignments to attributes of imported things checked, and `final_answer(...)` reach the tool."""
        for node in self._set_attributes:
            if self._is_imported(_root(node)):
                node.value = _guarded(CHANGEABLE, node.value)
        if FINAL_ANSWER in self._bound or FINAL_ANSWER in self._around.namespace:
            for call, _ in self._calls:
                if call.func.id == FINAL_ANSWER and FINAL_ANSWER in self._around.tools:  # type: ignore[attr-defined]
                    call.func.id = FINAL_ANSWER_TOOL  # type: ignore[attr-defined]

    def _is_unknown(self, name: str) -> bool:
        return not self._star and name not in self._around.declared

    def _missing(self, name: str) -> str:
        around = self._around
        if around.imports.allow(name) and not around.imports.everything:
            return f"name {name!r} is not defined. Did you forget to import {name!r}?"
        known = [other for other in (*around.namespace, *around.builtins, *self._bound) if other[0] not in "<_"]
        close = get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f" Did you mean: {close[0]!r}?" if close else ""
        return f"name {name!r} is not defined.{hint}"

    def _judge_call(self, call: ast.Call, sure: int) -> Iterator[Problem]:
        name = call.func.id  # type: ignore[attr-defined]
        tool = self._around.tools.get(name)
        if tool is None or name in self._bound or sure == CAUGHT:
            return
        if name in self._around.namespace:
            if name != FINAL_ANSWER and sure == SURE and not callable(self._around.namespace[name]):
                kind = type(self._around.namespace[name]).__name__
                message = f"{name!r} is a variable ({kind}) that hides the tool; `del {name}` brings the tool back"
                yield Problem("TypeError", message, call.lineno)
            return
        misfit = _misfit(tool, call)
        if misfit is not None:
            yield Problem("TypeError", misfit, call.lineno)

    def _is_imported(self, name: str | None) -> bool:
        name = self._aliases.get(name, name) if name is not None else None
        if name is None or name in self._imported:
            return name is not None
        value = self._around.namespace.get(name, self._around.builtins.get(name))
        return isinstance(value, ModuleType) or (
            isinstance(value, type) and getattr(value, "__module__", None) != "__main__"
        )

    # How it walks

    def _push(self, parts: Any, sure: int) -> None:
        if parts.__class__ is list:
            self._stack.extend([(part, sure) for part in parts if part is not None])
        elif parts is not None:
            self._stack.append((parts, sure))

    def _forbid(self, message: str, node: Any) -> None:
        self.problems.append(Problem("ForbiddenError", message, getattr(node, "lineno", 1)))

    def _bind(self, name: str | None, node: Any) -> None:
        if name is None:
            return
        if name in REFUSED_IDENTIFIERS or name in REFUSED_DEFINITIONS:
            self._forbid(f"Forbidden definition of {name}", node)
        self._bound.add(name)

    def _name(self, node: ast.Name, sure: int) -> None:
        if node.ctx.__class__ is ast.Load:
            if node.id in REFUSED_IDENTIFIERS:
                self._forbid(f"Forbidden access to name: {node.id}", node)
            self._loads.append((node, sure))
        else:
            self._bind(node.id, node)

    def _attribute(self, node: ast.Attribute, sure: int) -> None:
        refusal = refused_attribute(node.attr)
        if refusal is not None and node.attr not in GUARDED_ATTRIBUTES:
            self._forbid(refusal, node)
        if node.ctx.__class__ is not ast.Load:
            if node.attr == "__class__":
                self._forbid("Forbidden change of dunder attribute: __class__", node)
            self._set_attributes.append(node)
        self._stack.append((node.value, sure))
        if node.attr in GUARDED_ATTRIBUTES and node.ctx.__class__ is ast.Load:
            node.value = _guarded(GUARDED_ATTRIBUTES[node.attr], node.value)
            if node.attr == "__setattr__":
                node.attr = "assign"

    def _call(self, node: ast.Call, sure: int) -> None:
        if node.func.__class__ is ast.Name:
            self._calls.append((node, sure))
        self._stack.append((node.func, sure))
        self._push(node.args, sure)
        self._push(node.keywords, sure)

    def _function(self, node: Any, sure: int) -> None:
        if node.__class__ is not ast.Lambda:
            self._bind(node.name, node)
            self._push(node.decorator_list, sure)
            self._push(node.returns, MAYBE)
            self._push(getattr(node, "type_params", None), MAYBE)
        self._arguments(node.args, sure)
        self._push(node.body, min(sure, MAYBE))

    def _arguments(self, node: ast.arguments, sure: int) -> None:
        given = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        for arg in [*given, *filter(None, (node.vararg, node.kwarg))]:
            self._bind(arg.arg, arg)
            self._push(arg.annotation, MAYBE)
        self._push(node.defaults, sure)
        self._push(node.kw_defaults, sure)

    def _class(self, node: ast.ClassDef, sure: int) -> None:
        self._bind(node.name, node)
        params = getattr(node, "type_params", None)
        for parts in (node.decorator_list, node.bases, node.keywords):
            self._push(parts, MAYBE if params else sure)
        self._push(params, MAYBE)
        self._push(node.body, min(sure, MAYBE))

    def _import(self, node: ast.Import, sure: int) -> None:
        for alias in node.names:
            self._bind_import(alias.asname or alias.name.partition(".")[0], node)
            self._check_import(alias.name, sure, node)

    def _import_from(self, node: ast.ImportFrom, sure: int) -> None:
        for alias in node.names:
            if alias.name == "*":
                self._star = True
            else:
                self._bind_import(alias.asname or alias.name, node)
        if not node.level and node.module:
            self._check_import(node.module, sure, node)

    def _bind_import(self, name: str, node: ast.AST) -> None:
        self._bind(name, node)
        self._imported.add(name)

    def _check_import(self, module: str, sure: int, node: Any) -> None:
        imports = self._around.imports
        if sure == SURE and not imports.allow(module) and not imports.lead_to(module):
            self.problems.append(Problem("ImportError", imports.refusal(module), node.lineno))

    def _declaration(self, node: ast.Global | ast.Nonlocal, _sure: int) -> None:
        for name in node.names:
            self._bind(name, node)
        self.declared.update(node.names)

    def _try(self, node: Any, sure: int) -> None:
        self._push(node.body, CAUGHT if node.handlers else sure)
        self._push([*node.handlers, *node.orelse, *node.finalbody], min(sure, MAYBE))

    def _handler(self, node: ast.ExceptHandler, sure: int) -> None:
        self._bind(node.name, node)
        self._push(node.type, sure)
        self._push(node.body, sure)

    def _with(self, node: ast.With | ast.AsyncWith, sure: int) -> None:
        for position, item in enumerate(node.items):
            self._push(item.context_expr, CAUGHT if position else sure)
            self._push(item.optional_vars, CAUGHT)
        self._push(node.body, CAUGHT)

    def _annotated(self, node: ast.AnnAssign, sure: int) -> None:
        if node.target.__class__ is ast.Name:
            self._check_match_args(node.target.id, node.value)
        self._push(node.annotation, MAYBE)
        self._push(node.target, sure)
        self._push(node.value, sure)

    def _capture(self, node: Any, sure: int) -> None:
        """A `match` pattern that binds a name, or a type parameter."""
        self._bind(getattr(node, "name", None) or getattr(node, "rest", None), node)
        for part in ("keys", "pattern", "patterns", "bound", "default_value"):
            self._push(getattr(node, part, None), MAYBE if part in ("bound", "default_value") else sure)

    def _type_alias(self, node: Any, sure: int) -> None:
        self._push(node.name, sure)
        self._push([*node.type_params, node.value], MAYBE)

    def _class_pattern(self, node: ast.MatchClass, sure: int) -> None:
        for name in node.kwd_attrs:
            refusal = refused_attribute(name)
            if refusal is not None or name in GUARDED_ATTRIBUTES:
                self._forbid(refusal or f"Forbidden access to attribute in a pattern: {name}", node)
        self._push([node.cls, *node.patterns, *node.kwd_patterns], sure)

    def _assign(self, node: ast.Assign, sure: int) -> None:
        source = _root(node.value) if node.value.__class__ in (ast.Name, ast.Attribute) else None
        for target in node.targets:
            if target.__class__ is not ast.Name:
                continue
            if source is not None:
                self._aliases[target.id] = source
            self._check_match_args(target.id, node.value)
        self._push(node.targets, sure)
        self._push(node.value, sure)

    def _check_match_args(self, target: str, value: ast.expr | None) -> None:
        """The names in `__match_args__` are attributes that a pattern reads: they are to be seen, and allowed."""
        if target != "__match_args__" or value is None:
            return
        names = value.elts if isinstance(value, ast.Tuple) else [value]
        for name in names:
            text = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None
            if text is None or refused_attribute(text) or text in GUARDED_ATTRIBUTES:
                self._forbid("__match_args__ must be a tuple of plain attribute names", value)


def _first_sure(*fields: str) -> Callable[[_Walk, Any, int], None]:
    """The way over a node of which the first of these parts is reached for certain, the others perhaps."""

    def way(walk: _Walk, node: Any, sure: int) -> None:
        parts: list[Any] = []
        for name in fields:
            part = getattr(node, name)
            parts += part if part.__class__ is list else [part]
        walk._push(parts[0], sure)
        walk._push(parts[1:], min(sure, MAYBE))

    return way


def _compare(walk: _Walk, node: ast.Compare, sure: int) -> None:
    walk._push([node.left, node.comparators[0]], sure)
    walk._push(node.comparators[1:], min(sure, MAYBE))


def _for(walk: _Walk, node: ast.For | ast.AsyncFor, sure: int) -> None:
    walk._push([node.iter, node.target], sure)
    walk._push([*node.body, *node.orelse], min(sure, MAYBE))


def _comprehension(walk: _Walk, node: Any, sure: int) -> None:
    walk._push(node.generators[0].iter, sure)
    for generator in node.generators:
        walk._push([generator.target, *generator.ifs], min(sure, MAYBE))
    walk._push([generator.iter for generator in node.generators[1:]], min(sure, MAYBE))
    parts = (node.key, node.value) if node.__class__ is ast.DictComp else (node.elt,)
    walk._push(list(parts), min(sure, MAYBE))


def _module(walk: _Walk, node: ast.Module, sure: int) -> None:
    for statement in node.body:
        walk._stack.append((statement, sure))
        if statement.__class__ is ast.Raise:
            sure = MAYBE


def _skip(_walk: _Walk, _node: Any, _sure: int) -> None:
    return None


_WAYS: dict[type, Callable[[Any, Any, int], None]] = {
    ast.Module: _module,
    ast.Name: _Walk._name,
    ast.Attribute: _Walk._attribute,
    ast.Call: _Walk._call,
    ast.Constant: _skip,
    ast.FunctionDef: _Walk._function,
    ast.AsyncFunctionDef: _Walk._function,
    ast.Lambda: _Walk._function,
    ast.ClassDef: _Walk._class,
    ast.Import: _Walk._import,
    ast.ImportFrom: _Walk._import_from,
    ast.Global: _Walk._declaration,
    ast.Nonlocal: _Walk._declaration,
    ast.Try: _Walk._try,
    ast.TryStar: _Walk._try,
    ast.ExceptHandler: _Walk._handler,
    ast.With: _Walk._with,
    ast.AsyncWith: _Walk._with,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _first_sure("test", "body", "orelse"),
    ast.If: _first_sure("test", "body", "orelse"),
    ast.IfExp: _first_sure("test", "body", "orelse"),
    ast.Assert: _first_sure("test", "msg"),
    ast.BoolOp: _first_sure("values"),
    ast.Match: _first_sure("subject", "cases"),
    ast.Compare: _compare,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Assign: _Walk._assign,
    ast.AnnAssign: _Walk._annotated,
    ast.MatchAs: _Walk._capture,
    ast.MatchStar: _Walk._capture,
    ast.MatchMapping: _Walk._capture,
    ast.MatchClass: _Walk._class_pattern,
}
if sys.version_info >= (3, 12):
    _WAYS[ast.TypeAlias] = _Walk._type_alias
    _WAYS |= dict.fromkeys((ast.TypeVar, ast.ParamSpec, ast.TypeVarTuple), _Walk._capture)

_LEAVES = frozenset({str, int, bool, type(None), ast.Load, ast.Store, ast.Del, ast.Constant}) | frozenset(
    kind for base in (ast.operator, ast.cmpop, ast.unaryop, ast.boolop) for kind in base.__subclasses__()
)


def _root(value: Any) -> str | None:
    """The name that a chain of attributes starts from."""
    while value.__class__ is ast.Attribute:
        value = value.value
    return value.id if value.__class__ is ast.Name else None


def _guarded(guard: str, value: ast.expr) -> ast.expr:
    name = ast.copy_location(ast.Name(guard, ast.Load()), value)
    return ast.copy_location(ast.Call(name, [value], []), value)


def _misfit(tool: Any, call: ast.Call) -> str | None:
    """Why a tool's call can't fit its signature; None if it may."""
    names = [keyword.arg for keyword in call.keywords]
    if None in names or any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    if len(call.args) == 1 and not names:
        return None
    try:
        tool.bind((None,) * len(call.args), dict.fromkeys(filter(None, names)))
    except TypeError as error:
        return str(error)
    return None
