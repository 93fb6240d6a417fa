"""What the tests of the command share."""

import os
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"


class Command:
    """The real command in a process of its own, in an environment that holds nothing of this machine's settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before: tuple[str, ...] = ()  # a program that starts the command, and what it is given
        path = ":".join([str(SOURCES), *(p for p in sys.path if "site-packages" in p)])
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.before, sys.executable, "-m", "actlet", *arguments],
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            | {"cwd": self.folder, "env": self.env}
            | options,
        )

    def __call__(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess:
        with self.start(*arguments) as process:
            out, err = process.communicate(text, timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def code(text: str) -> str:
    """A reply of a model that acts by code."""
    return f"I write code.\n<code>\n{text}\n"  # providers stop before the closing tag
