"""A script written for smolagents runs with only its imports changed.

`data/migration_output.txt` is what the very same script prints with smolagents 1.26 (that of the stream which it
draws itself left out).
"""

import os
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"
SOURCES = Path(__file__).parents[1] / "src"


def test_a_script_for_smolagents_prints_the_same_with_only_its_imports_changed(tmp_path):
    original = (DATA / "migration_script.py").read_text()
    script = tmp_path / "script.py"
    script.write_text(original.replace("from smolagents", "from actlet"))
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (DATA / "migration_output.txt").read_text()
    assert original.count("from smolagents") == 4
