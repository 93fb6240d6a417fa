"""What a snippet sees of a module: its public names, and not the other modules that it happens to hold.

A view is a module object with the real functions and classes in it, so that types and identities are right. It is
made once per box and module, on import. Assigning to a view changes the box's own view, never the module.
"""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from .guards import guarded_attrgetter, guarded_methodcaller
from .policy import Imports

_HIDDEN_NAMES = {
    "numpy": "load fromfile memmap ctypeslib DataSource open_memmap fromregex lib f2py testing",
    "pandas": "read_pickle to_pickle eval read_hdf HDFStore io core",
    "typing": "ForwardRef get_type_hints",
    "string": "Formatter",
    "types": "FunctionType LambdaType CodeType CellType FrameType",
    "traceback": "walk_tb walk_stack StackSummary TracebackException extract_stack extract_tb",
    "inspect": "currentframe stack trace getouterframes getinnerframes getframeinfo",
    "sympy": "sympify parse_expr lambdify S preview",
}
HIDDEN = {package: frozenset(names.split()) for package, names in _HIDDEN_NAMES.items()}
"""By package: what its views leave out, because it runs text or pickles, or leads to frames."""

KEPT_PRIVATE = frozenset({"__doc__", "__name__", "__version__", "__author__"})


class Views:
    """The views of one box, and the `__import__` that gives them to its snippets."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports
        self._views: dict[str, ModuleType] = {}

    def import_module(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What an import statement calls. Raises `ImportError` for a module that isn't authorized."""
        if level:
            raise ImportError("attempted relative import with no known parent package")
        by_c_code = isinstance(fromlist, list)  # as when datetime.strptime loads its other half
        if by_c_code or self._imports.everything or name == "__future__":
            return __import__(name, globals, locals, fromlist or (), 0)
        if not self._imports.allow(name) and not self._imports.lead_to(name):
            raise ImportError(self._imports.refusal(name), name=name)
        importlib.import_module(name)
        if not fromlist:
            return self._linked(name)
        view = self._view(name)
        for item in fromlist:
            if item != "*":
                self._offer(view, name, item)
        return view

    def _linked(self, name: str) -> ModuleType:
        """The view of a dotted name's first part, from which the others can be reached."""
        first, *rest = name.split(".")
        view, path = self._view(first), first
        for part in rest:
            path = f"{path}.{part}"
            child = self._view(path)
            view.__dict__[part] = child
            view = child
        return self._view(first)

    def _offer(self, view: ModuleType, name: str, item: str) -> None:
        """Have `view` hold `item`. Python would look for the real module itself if the view hadn't got it."""
        if hasattr(view, item):
            return
        path = f"{name}.{item}"
        if self._imports.allow(path) and path not in sys.modules:
            try:
                importlib.import_module(path)
            except ModuleNotFoundError as error:
                if error.name != path:
                    raise
        if not self._imports.allow(path) or path not in sys.modules:
            raise ImportError(f"cannot import name {item!r} from {name!r}", name=name)
        view.__dict__[item] = self._view(path)

    def _view(self, name: str) -> ModuleType:
        if name not in self._views:
            self._views[name] = self._made(name, sys.modules[name])
        return self._views[name]

    def _made(self, name: str, module: ModuleType) -> ModuleType:
        view = ModuleType(module.__name__, module.__doc__)
        hidden = HIDDEN.get(name.partition(".")[0], frozenset())
        if self._imports.allow(name):
            public = {key: value for key, value in vars(module).items() if _public(key) and key not in hidden}
            view.__dict__.update({k: v for k, v in public.items() if not isinstance(v, ModuleType)})
            if "__all__" in vars(module):
                view.__dict__["__all__"] = [key for key in module.__all__ if self._seen(name, key, hidden)]
            view.__dict__.update(REPLACED.get(name, dict)())
        view.__dict__["__getattr__"] = self._getter(name, module, hidden)
        return view

    def _seen(self, name: str, key: str, hidden: frozenset[str]) -> bool:
        value = vars(sys.modules[name]).get(key)
        return key not in hidden and (not isinstance(value, ModuleType) or self._path(name, key, value) is not None)

    def _getter(self, name: str, module: ModuleType, hidden: frozenset[str]) -> Callable[[str], Any]:
        """What gives a view the names that it hasn't got yet: submodules, and what the module makes on demand."""

        def __getattr__(key: str) -> Any:  # noqa: N807 - a module's own hook
            value = getattr(module, key) if _public(key) and key not in hidden else module
            path = self._path(name, key, value) if isinstance(value, ModuleType) else key
            if value is module or path is None or not self._imports.allow(f"{name}.{key}"):
                raise AttributeError(f"module {name!r} has no attribute {key!r} that snippets may use")
            value = self._view(path) if isinstance(value, ModuleType) else value
            self._views[name].__dict__[key] = value
            return value

        return __getattr__

    def _path(self, name: str, key: str, module: ModuleType) -> str | None:
        """The name under which a module that another one holds may be seen, or None."""
        for path in (f"{name}.{key}", module.__name__):
            if sys.modules.get(path) is module and self._imports.allow(path):
                return path
        return None


def _public(name: str) -> bool:
    return not name.startswith("_") or name in KEPT_PRIVATE


def _own_random() -> dict[str, Any]:
    """The functions of `random` on a generator of the box's own, so that a seed is the box's own too."""
    own, shared = random.Random(), random.random.__self__  # type: ignore[attr-defined]
    functions = {key: value for key, value in vars(random).items() if getattr(value, "__self__", None) is shared}
    return {key: getattr(own, key) for key in functions if _public(key)}


REPLACED: dict[str, Callable[[], dict[str, Any]]] = {
    "operator": lambda: {"attrgetter": guarded_attrgetter, "methodcaller": guarded_methodcaller},
    "random": _own_random,
}
"""By module: what a view shows instead of what the module holds."""
