"""Every Python block of the README and the docs runs, by itself, as it stands (but those that need a provider)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```python([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(info.strip(), code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, (info, code) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), start=1)
]


@pytest.mark.parametrize(("info", "code"), BLOCKS)
def test_a_block_runs(info: str, code: str, tmp_path: Path) -> None:
    if info == "notest":
        compile(code, "block", "exec")
        return
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_readme_begins_with_the_two_commands() -> None:
    commands = re.findall(r"^\$ (\S+ \S+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
