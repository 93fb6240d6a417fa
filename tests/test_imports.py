"""Imports point one way: whoever is further down the list may import what is above, never the other way round."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "actlet"
ORDER = [
    {"errors"},
    {"printable"},
    {"messages"},
    {"media"},
    {"threads", "turns", "portal", "bridges"},
    {"memory"},
    {"models"},
    {"tools"},
    {"execution"},
    {"toolbox"},
    {"runs"},
    {"monitoring"},
    {"agents"},
    {"testing"},
    {"demo"},
    {"cli", "__main__"},
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    package = ["actlet", *path.relative_to(PACKAGE).parts[:-1]]
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[list[str]] = []
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            names = [[*module, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        rooms |= {name[1] for name in names if name[0] == "actlet" and len(name) > 1}
    return rooms - {"*"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_nothing_from_further_down(path: Path) -> None:
    own = RANK[room_of(path)]
    wrong = {room for room in imported_rooms(path) if RANK.get(room, -1) > own}
    assert not wrong, f"{path.name} is in {room_of(path)!r} and imports from {wrong}"


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(path) for path in FILES} <= set(RANK)


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(out.split())


def test_importing_the_package_loads_none_of_its_parts() -> None:
    assert {name for name in modules_after("import actlet") if name.startswith("actlet.")} == set()


def test_importing_the_names_of_a_script_loads_no_heavy_library() -> None:
    heavy = {"pydantic", "jinja2", "rich", "openai", "yaml", "PIL", "numpy", "pandas", "sqlalchemy"}
    assert not heavy & modules_after("from actlet import CodeAgent, tool, OpenAIModel")
