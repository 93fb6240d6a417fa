"""A tool as source code, and back: what saving and sharing tools is made of.

The code of a tool is the source of its class or function, after the imports that it uses from its module. It has to
stand alone: a name that is neither imported, built in nor defined in it is an error when it is written, not when
somebody loads it. What a tool holds besides its code (arguments of its constructor, connections) is not saved.

Loading runs the code. Only load what you trust.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tool import Tool

_PACKAGE = "actlet"


def tool_to_dict(tool: Tool) -> dict[str, Any]:
    """`{"name", "code", "requirements"}`, and its `output_schema` if it has one.

    Raises `ValueError` for a tool whose source can't be found, or doesn't stand alone.
    """
    code = tool.__dict__.get("_code") or _standalone(tool)
    schema = {} if tool.output_schema is None else {"output_schema": tool.output_schema}
    return {"name": tool.name, "code": code, "requirements": requirements(code), **schema}


def tool_from_code(code: str, **kwargs: Any) -> Tool:
    """The tool that this code defines; a class is called with `kwargs`. Raises `ValueError` if there is none."""
    from .tool import Tool

    module = ModuleType("actlet_loaded_tool")
    exec(compile(code, "<tool>", "exec"), module.__dict__)
    found = [
        value
        for _, value in sorted(vars(module).items())
        if isinstance(value, Tool) or (isinstance(value, type) and value.__module__ == module.__name__)
    ]
    for value in found:
        if isinstance(value, Tool) or issubclass(value, Tool):
            tool: Tool = value if isinstance(value, Tool) else value(**kwargs)
            tool.__dict__["_code"] = code
            return tool
    raise ValueError("the code defines no tool: neither a subclass of Tool nor a function with @tool")


def tool_from_dict(data: dict[str, Any], **kwargs: Any) -> Tool:
    """The tool that `tool_to_dict` wrote. Raises `ValueError` without its code."""
    if "code" not in data:
        raise ValueError(f"the dict of a tool must contain 'code' key; it has {sorted(data)}")
    tool = tool_from_code(data["code"], **kwargs)
    tool.output_schema = data.get("output_schema", tool.output_schema)
    return tool


def save_tool(tool: Tool, folder: str | Path, file_name: str) -> None:
    """Write `<file_name>.py` and `requirements.txt` into `folder`, which is made if it isn't there."""
    data = tool_to_dict(tool)
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, f"{file_name}.py").write_text(data["code"], encoding="utf-8")
    Path(folder, "requirements.txt").write_text("\n".join(data["requirements"]), encoding="utf-8")


def requirements(code: str) -> list[str]:
    """The packages that code imports, but for the standard library; with this one."""
    found = {_PACKAGE}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return sorted(found - sys.stdlib_module_names)


def _standalone(tool: Tool) -> str:
    origin: Any = getattr(tool, "function", type(tool))
    try:
        source = textwrap.dedent(inspect.getsource(origin))
    except (OSError, TypeError) as error:
        raise ValueError(f"the source of tool {tool.name!r} can't be found, so it can't be saved") from error
    if inspect.ismethod(origin):
        raise ValueError(f"tool {tool.name!r} is a method: its object can't be saved with it")
    module = sys.modules.get(origin.__module__)
    names = getattr(origin, "__globals__", None) or vars(module) if module else {}
    imports: list[str] = []
    undefined: list[str] = []
    for name in sorted(set(_free_names(compile(source, "<tool>", "exec", dont_inherit=True)))):
        line = _import_line(name, names.get(name), origin.__module__)
        (imports if line else undefined).append(line or f"Name '{name}' is undefined")
    if undefined:
        raise ValueError(
            f"tool {tool.name!r} can't be saved, as its code doesn't stand alone: {'; '.join(undefined)}. "
            "Import or define what it needs inside of it"
        )
    return "\n".join(imports) + "\n\n\n" + source


def _free_names(code: CodeType, known: frozenset[str] = frozenset(dir(builtins))) -> Iterator[str]:
    """The names that code looks up outside of itself."""
    import dis

    instructions = list(dis.get_instructions(code))
    bound = {i.argval for i in instructions if i.opname in ("STORE_NAME", "STORE_GLOBAL")}
    here = known | bound | {"__name__", "__module__", "__qualname__"}
    for instruction in instructions:
        if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL") and instruction.argval not in here:
            yield instruction.argval
    # What a class body binds isn't seen from its methods; what a module binds is.
    below = here if code.co_name == "<module>" else known
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _free_names(constant, below)


def _import_line(name: str, value: Any, home: str) -> str | None:
    """The import that binds a name to this value; None for a value that no module offers."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
    module = _PACKAGE if _is_public(name, value) else getattr(value, "__module__", None)
    if not isinstance(module, str) or module in (home, "__main__", "builtins"):
        return None
    try:
        offered = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
    return f"from {module} import {name}" if offered is value else None


def _is_public(name: str, value: Any) -> bool:
    return getattr(sys.modules.get(_PACKAGE), name, None) is value
