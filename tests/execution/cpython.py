"""What CPython itself makes of a snippet: the oracle for the local box."""

import ast
import contextlib
import io
import re
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    value: str
    printed: str
    error: str | None


def shown(value: Any) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x", repr(value))


def in_cpython(code: str, namespace: dict[str, Any] | None = None) -> Outcome:
    """Run a snippet with plain `exec`; its last expression, or the value of its last assignment, is its value."""
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    printed, value, error = io.StringIO(), None, None
    with contextlib.redirect_stdout(printed):
        try:
            tree = ast.parse(code)
            compile(tree, "<cpython>", "exec", dont_inherit=True)
            last = tree.body.pop() if tree.body else ast.Pass()
            flags = _future_flags(tree)
            exec(compile(tree, "<cpython>", "exec", flags, dont_inherit=True), namespace)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<cpython>", "eval", flags, True), namespace)
            else:
                last_tree = ast.fix_missing_locations(ast.Module([last], []))
                exec(compile(last_tree, "<cpython>", "exec", flags, dont_inherit=True), namespace)
                value = _assigned(last, namespace)
        except BaseException as raised:
            error = type(raised).__name__
    return Outcome(shown(None if error else value), printed.getvalue(), error)


def _future_flags(tree: ast.Module) -> int:
    first = tree.body[0] if tree.body else None
    future = isinstance(first, ast.ImportFrom) and first.module == "__future__"
    return __import__("__future__").annotations.compiler_flag if future else 0


def _assigned(last: ast.stmt, namespace: dict[str, Any]) -> Any:
    if not isinstance(last, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return None
    target = last.targets[0] if isinstance(last, ast.Assign) else last.target
    if isinstance(target, ast.Name):
        return namespace.get(target.id)
    source = ast.fix_missing_locations(ast.Expression(ast.parse(ast.unparse(target), mode="eval").body))
    return eval(compile(source, "<cpython>", "eval"), namespace)
