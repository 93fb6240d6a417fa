"""What type checkers make of programs such as users write. One run of mypy looks at all of them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import actlet
from test_docs import FENCE, PAGES

ROOT = Path(__file__).parent.parent
ALL_NAMES = f"from actlet import {', '.join(actlet.__all__)}\n"
WRONG_NAMES = "\n".join(
    f"from {module} import NoSuchName"
    for module in ("actlet", "actlet.execution", "actlet.testing", "actlet.toolbox")
)
DOCUMENTED = {
    f"{page.stem}_{number}": code
    for page in PAGES
    for number, (info, code) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), start=1)
    if info.strip() != "notest"
}
PACKAGES = sorted((ROOT / "src" / "actlet").rglob("__init__.py"))
pytestmark = pytest.mark.xdist_group("mypy")


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of all the programs, line by line."""
    folder = tmp_path_factory.mktemp("programs")
    for name, code in {"all_names": ALL_NAMES, "wrong_names": WRONG_NAMES, **DOCUMENTED}.items():
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    written = (ROOT / "tests" / "data").glob("typed_*.py")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", folder, *written],
        cwd=ROOT,  # where its cache is
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def of(program: str, complaints: list[str]) -> list[str]:
    return [line for line in complaints if f"/{program}.py:" in line]


def test_every_public_name_is_public_for_type_checkers_too(complaints: list[str]) -> None:
    assert of("all_names", complaints) == []


def test_a_misspelt_name_is_told(complaints: list[str]) -> None:
    assert len(of("wrong_names", complaints)) == len(WRONG_NAMES.splitlines())


def test_a_model_of_ones_own_may_take_only_what_it_uses(complaints: list[str]) -> None:
    assert of("typed_models", complaints) == []


def test_agents_sessions_tools_and_what_runs_give_are_typed(complaints: list[str]) -> None:
    assert of("typed_runs", complaints) == []


@pytest.mark.parametrize("program", DOCUMENTED)
def test_documented_code_is_typed(program: str, complaints: list[str]) -> None:
    assert of(program, complaints) == []


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_a_public_name_is_not_taken_for_the_module_of_that_name(path: Path) -> None:
    """Pyright goes by what is imported last: `from .tool import Tool` makes `tool` the module `.tool`."""
    modules = {module.stem for module in path.parent.iterdir()}
    last = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            last |= {alias.name: "a name" for alias in node.names}
            last[node.module] = "a module"
    public = set(getattr(import_module(".".join(path.parent.relative_to(ROOT / "src").parts)), "__all__", ()))
    assert all(last[name] == "a name" for name in modules & public & last.keys())
