"""What a snippet may name in the local box: imports, names, attributes.

This is a guard against accidents, and **no security boundary**: the snippet runs in this process, and real objects
are within its reach. For code that you don't trust, use a box with an operating system or a virtual machine around
it.

Covered, before the snippet runs (`preflight.py`) and again at run time (`guards.py`, `views.py`):

- builtins that run text as code, read files or look into the host are not there (`REFUSED_NAMES`);
- attributes that lead from an object to the interpreter behind it are refused: double-underscore names other than
  `HARMLESS_DUNDERS`, and the frames and code of generators, coroutines and tracebacks (`REFUSED_ATTRIBUTES`),
  also in `match` patterns, `getattr`, `hasattr`, `setattr`, `delattr`, `str.format`, `operator.attrgetter`;
- only authorized modules are imported, and a snippet sees their public names: not the other modules that they hold,
  nor what `views.HIDDEN` lists;
- tools are functions that hold nothing of the host; variables that are plain containers are copied;
- classes and functions of imported modules are not assigned to by way of an imported name.

Not covered: memory and processor (but time is), what an authorized module can do by itself (`os`, `requests`, files
read by pandas), objects that the host passes in as variables, attributes that a `match` pattern reads by position,
assignments by way of an alias of an alias, C code that holds the interpreter's lock for longer than the time limit,
threads that a snippet starts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec

from ..errors import InterpreterError

BASE_BUILTIN_MODULES = [
    "collections",
    "datetime",
    "itertools",
    "math",
    "queue",
    "random",
    "re",
    "stat",
    "statistics",
    "time",
    "unicodedata",
]
"""The modules that every snippet may import."""

REFUSED_NAMES = {
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "compile": "write the code itself",
    "open": "files are reached by tools, or by authorized imports that read them",
    "input": "ask by way of a tool",
    "globals": "use the variables by their names",
    "locals": "use the variables by their names",
    "vars": "use the attributes by their names",
    "__import__": "use an import statement",
    "breakpoint": "print what you want to see",
    "help": "print the __doc__ of the object",
    "exit": "let the snippet run to its end",
    "quit": "let the snippet run to its end",
}
"""Builtins that are not there, and what to do instead."""

REFUSED_IDENTIFIERS = frozenset(
    {"__builtins__", "__import__", "__loader__", "__spec__", "__build_class__", "__package__"}
)
"""Names that a snippet neither reads nor binds."""

REFUSED_DEFINITIONS = frozenset({"__class__", "__array_interface__", "__array_struct__"})
"""Names that a class of a snippet doesn't define: they lie about a type, or hand out raw memory."""

_TO_THE_INTERPRETER = (
    "gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await tb_frame f_back "
    "f_builtins f_code f_globals f_locals f_trace func_globals func_code func_closure func_defaults cell_contents "
    "mro _module to_pickle tofile"
)
REFUSED_ATTRIBUTES = frozenset(_TO_THE_INTERPRETER.split())
"""Attributes that lead to frames, code, the tree of all classes, or files written past every check."""

_OPERATORS = (
    "add radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv rtruediv itruediv floordiv rfloordiv "
    "ifloordiv mod rmod imod divmod rdivmod pow rpow ipow lshift rlshift ilshift rshift rrshift irshift and rand "
    "iand xor rxor ixor or ror ior neg pos abs invert eq ne lt le gt ge contains getitem setitem delitem missing "
    "len length_hint iter next reversed bool int float complex index round trunc floor ceil call enter exit aenter "
    "aexit aiter anext await hash str repr bytes format fspath sizeof copy deepcopy"
)
_OTHERS = (
    "class name qualname doc module annotations init post_init new del init_subclass set_name class_getitem "
    "getattr get set delete slots members version all wrapped func notes cause context "
    "suppress_context traceback dataclass_fields dataclass_params total args origin parameters value type_params "
    "instancecheck subclasscheck debug author dir array array_priority array_ufunc"
)
HARMLESS_DUNDERS = frozenset(f"__{name}__" for name in f"{_OPERATORS} {_OTHERS}".split())
"""Double-underscore attributes that a snippet may use; `__setattr__` besides, by way of a guard."""


class ForbiddenError(Exception):
    """A snippet used something that the policy of its box refuses."""


def refused_attribute(name: str) -> str | None:
    """Why the attribute `name` is refused, in words for who wrote the snippet; None if it isn't."""
    if name in REFUSED_ATTRIBUTES:
        return f"Forbidden access to attribute: {name}"
    if name.startswith("__") and name.endswith("__") and name not in HARMLESS_DUNDERS:
        remedy = "; print or read its attributes by their names" if name == "__dict__" else ""
        return f"Forbidden access to dunder attribute: {name}{remedy}"
    return None


class Imports:
    """Which modules may be imported: `names`, and the public submodules of each. `"*"` stands for everything.

    A name like `"pkg.*"` is the same as `"pkg"`. Of the parent of an authorized `"pkg.sub"`, only `sub` is seen.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self._roots = frozenset(name.removesuffix(".*") for name in self.names)
        self.everything = "*" in self._roots

    def allow(self, module: str) -> bool:
        """Whether a snippet may see the public names of `module`."""
        if self.everything or module in self._roots or module == "__future__":
            return True
        parts = module.split(".")
        for length in range(len(parts) - 1, 0, -1):
            if ".".join(parts[:length]) in self._roots:
                return not any(part.startswith("_") for part in parts[length:])
        return False

    def lead_to(self, module: str) -> bool:
        """Whether `module` holds a submodule that is authorized, so that it may be imported for its sake."""
        return any(root.startswith(f"{module}.") for root in self._roots)

    def refusal(self, module: str) -> str:
        """Why `module` isn't imported, and what may be."""
        return f"Import of {module} is not allowed. Authorized imports: {', '.join(self.names)}"

    def check_installed(self) -> None:
        """Raise `InterpreterError` if an authorized package is not installed."""
        roots = {root.partition(".")[0] for root in self._roots} - {"*"}
        missing = sorted(root for root in roots - _installed if root not in sys.modules and not _found(root))
        if missing:
            raise InterpreterError(
                f"Non-installed authorized modules: {', '.join(missing)}. Install them (pip install ...), "
                "or leave them out of additional_authorized_imports."
            )


_installed: set[str] = set()


def _found(module: str) -> bool:
    try:
        found = find_spec(module) is not None
    except (ImportError, ValueError):
        return False
    if found:
        _installed.add(module)
    return found
