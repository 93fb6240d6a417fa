"""Who runs a host in these tests: this user, an ordinary one, and one to whom the machine refuses namespaces.

An ordinary user may be unable to read this repository (CI's lies in root's home): what a host needs is copied to
where everybody can read it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from outside import HERE, SOURCE, Who

ORDINARY = 54_323
"""A uid that nobody has."""

KINDS = ("me", "user", "refused")


@cache
def who(kind: str) -> Who:
    """One of `KINDS`. Skips the test if there can't be one."""
    source = _copied()
    if kind == "me":
        return Who(source=source)
    user, python = None, sys.executable
    if os.geteuid() == 0:
        user, found = ORDINARY, _python_for(ORDINARY)
        if found is None:
            pytest.skip("there is no Python 3.11 that an ordinary user may execute: install python3")
        python = found
    refusing = (python, str(source / "refusing.py")) if kind == "refused" else ()
    return Who(user, python, refusing, source)


@cache
def _copied() -> Path:
    """A folder with the package and with what a host and a victim are, for anybody to read."""
    folder = Path(tempfile.mkdtemp(prefix="source-of-escapes-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(SOURCE / "actlet", folder / "actlet", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "escapes", folder / "escapes")
    for path in (*HERE.glob("*.py"), HERE.parent / "sandbox" / "refusing.py"):
        shutil.copy(path, folder)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return folder


def _python_for(user: int) -> str | None:
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        test = [path, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(test, user=user, group=user, extra_groups=[], cwd="/").returncode == 0:
                return path
        except OSError:
            continue
    return None
