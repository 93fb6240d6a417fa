"""One walk over a snippet's tree: what it names, binds, calls, imports and assigns to.

A `Survey` only collects, but for two things that each node tells by itself: it notes what the policy refuses, and
it puts the guards in place through which `.format` and `__setattr__` are reached. What the rest means is judged in
`preflight.py`. Line numbers stay the same.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .guards import GUARDED_ATTRIBUTES
from .policy import REFUSED_DEFINITIONS, REFUSED_IDENTIFIERS, refused_attribute

SURE, MAYBE, CAUGHT = 2, 1, 0
"""Whether a part of a snippet is reached: bound to be, perhaps, or with somebody around it to catch its errors."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a snippet isn't run: an error's type and message, and the line."""

    type: str
    message: str
    line: int


class Survey:
    """What one walk over `tree` finds.

    `bound` are the names that anything binds, in whatever scope; `declared` those declared global or nonlocal;
    `imported` those bound by imports, and `aliases` what was assigned from a name or an attribute of it. `loads`,
    `calls` (of plain names) and `imports` come with whether they are reached; `set_attributes` are assigned to or
    deleted; `star` says that a module's names were imported all at once; `problems` are what the policy refuses.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.problems: list[Problem] = []
        self.bound: set[str] = set()
        self.declared: set[str] = set()
        self.imported: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.loads: list[tuple[ast.Name, int]] = []
        self.calls: list[tuple[ast.Call, int]] = []
        self.imports: list[tuple[str, int, int]] = []
        self.set_attributes: list[ast.Attribute] = []
        self.star = False
        self._stack: list[tuple[Any, int]] = [(tree, SURE)]
        self._walk()

    def _walk(self) -> None:
        """Walk over the whole tree, with a stack of its own: a tree may be deeper than Python's."""
        stack, ways, leaves = self._stack, _WAYS, _LEAVES
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
        self.bound.add(name)

    def _name(self, node: ast.Name, sure: int) -> None:
        if node.ctx.__class__ is ast.Load:
            if node.id in REFUSED_IDENTIFIERS:
                self._forbid(f"Forbidden access to name: {node.id}", node)
            self.loads.append((node, sure))
        else:
            self._bind(node.id, node)

    def _attribute(self, node: ast.Attribute, sure: int) -> None:
        refusal = refused_attribute(node.attr)
        if refusal is not None and node.attr not in GUARDED_ATTRIBUTES:
            self._forbid(refusal, node)
        if node.ctx.__class__ is not ast.Load:
            if node.attr == "__class__":
                self._forbid("Forbidden change of dunder attribute: __class__", node)
            self.set_attributes.append(node)
        self._stack.append((node.value, sure))
        if node.attr in GUARDED_ATTRIBUTES and node.ctx.__class__ is ast.Load:
            node.value = guarded(GUARDED_ATTRIBUTES[node.attr], node.value)
            if node.attr == "__setattr__":
                node.attr = "assign"

    def _call(self, node: ast.Call, sure: int) -> None:
        if node.func.__class__ is ast.Name:
            self.calls.append((node, sure))
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
            self.imports.append((alias.name, sure, node.lineno))

    def _import_from(self, node: ast.ImportFrom, sure: int) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.star = True
            else:
                self._bind_import(alias.asname or alias.name, node)
        if not node.level and node.module:
            self.imports.append((node.module, sure, node.lineno))

    def _bind_import(self, name: str, node: ast.AST) -> None:
        self._bind(name, node)
        self.imported.add(name)

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
        source = root_of(node.value) if node.value.__class__ in (ast.Name, ast.Attribute) else None
        for target in node.targets:
            if target.__class__ is not ast.Name:
                continue
            if source is not None:
                self.aliases[target.id] = source
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


def _first_sure(*fields: str) -> Callable[[Survey, Any, int], None]:
    """The way over a node of which the first of these parts is reached for certain, the others perhaps."""

    def way(survey: Survey, node: Any, sure: int) -> None:
        parts: list[Any] = []
        for name in fields:
            part = getattr(node, name)
            parts += part if part.__class__ is list else [part]
        survey._push(parts[0], sure)
        survey._push(parts[1:], min(sure, MAYBE))

    return way


def _compare(survey: Survey, node: ast.Compare, sure: int) -> None:
    survey._push([node.left, node.comparators[0]], sure)
    survey._push(node.comparators[1:], min(sure, MAYBE))


def _for(survey: Survey, node: ast.For | ast.AsyncFor, sure: int) -> None:
    if isinstance(node.target, ast.Name) and isinstance(node.iter, (ast.List, ast.Tuple, ast.Set)):
        for root in filter(None, map(root_of, node.iter.elts)):
            survey.aliases[node.target.id] = root
    survey._push([node.iter, node.target], sure)
    survey._push([*node.body, *node.orelse], min(sure, MAYBE))


def _comprehension(survey: Survey, node: Any, sure: int) -> None:
    survey._push(node.generators[0].iter, sure)
    for generator in node.generators:
        survey._push([generator.target, *generator.ifs], min(sure, MAYBE))
    survey._push([generator.iter for generator in node.generators[1:]], min(sure, MAYBE))
    parts = (node.key, node.value) if node.__class__ is ast.DictComp else (node.elt,)
    survey._push(list(parts), min(sure, MAYBE))


def _module(survey: Survey, node: ast.Module, sure: int) -> None:
    for statement in node.body:
        survey._stack.append((statement, sure))
        if statement.__class__ is ast.Raise:
            sure = MAYBE


def _skip(_survey: Survey, _node: Any, _sure: int) -> None:
    return None


_WAYS: dict[type, Callable[[Any, Any, int], None]] = {
    ast.Module: _module,
    ast.Name: Survey._name,
    ast.Attribute: Survey._attribute,
    ast.Call: Survey._call,
    ast.Constant: _skip,
    ast.FunctionDef: Survey._function,
    ast.AsyncFunctionDef: Survey._function,
    ast.Lambda: Survey._function,
    ast.ClassDef: Survey._class,
    ast.Import: Survey._import,
    ast.ImportFrom: Survey._import_from,
    ast.Global: Survey._declaration,
    ast.Nonlocal: Survey._declaration,
    ast.Try: Survey._try,
    ast.TryStar: Survey._try,
    ast.ExceptHandler: Survey._handler,
    ast.With: Survey._with,
    ast.AsyncWith: Survey._with,
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
    ast.Assign: Survey._assign,
    ast.AnnAssign: Survey._annotated,
    ast.MatchAs: Survey._capture,
    ast.MatchStar: Survey._capture,
    ast.MatchMapping: Survey._capture,
    ast.MatchClass: Survey._class_pattern,
}
if sys.version_info >= (3, 12):
    _WAYS[ast.TypeAlias] = Survey._type_alias
    _WAYS |= dict.fromkeys((ast.TypeVar, ast.ParamSpec, ast.TypeVarTuple), Survey._capture)

_LEAVES = frozenset({str, int, bool, type(None), ast.Load, ast.Store, ast.Del, ast.Constant}) | frozenset(
    kind for base in (ast.operator, ast.cmpop, ast.unaryop, ast.boolop) for kind in base.__subclasses__()
)


def root_of(value: Any) -> str | None:
    """The name that a chain of attributes starts from."""
    while value.__class__ is ast.Attribute:
        value = value.value
    return value.id if value.__class__ is ast.Name else None


def guarded(guard: str, value: ast.expr) -> ast.expr:
    """`value`, passed through a guard."""
    name = ast.copy_location(ast.Name(guard, ast.Load()), value)
    return ast.copy_location(ast.Call(name, [value], []), value)
