"""What type checkers make of programs such as users write. One run of mypy looks at all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import actlet

ROOT = Path(__file__).parent.parent
ALL_NAMES = f"from actlet import {', '.join(actlet.__all__)}\n"
WRONG_NAMES = "\n".join(
    f"from {module} import NoSuchName"
    for module in ("actlet", "actlet.execution", "actlet.testing", "actlet.toolbox")
)
pytestmark = pytest.mark.xdist_group("mypy")


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of all the programs, line by line."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "all_names.py").write_text(ALL_NAMES)
    (folder / "wrong_names.py").write_text(WRONG_NAMES)
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
    return [line for line in complaints if f"{program}.py:" in line]


def test_every_public_name_is_public_for_type_checkers_too(complaints: list[str]) -> None:
    assert of("all_names", complaints) == []


def test_a_misspelt_name_is_told(complaints: list[str]) -> None:
    assert len(of("wrong_names", complaints)) == len(WRONG_NAMES.splitlines())


def test_a_model_of_ones_own_may_take_only_what_it_uses(complaints: list[str]) -> None:
    assert of("typed_models", complaints) == []
