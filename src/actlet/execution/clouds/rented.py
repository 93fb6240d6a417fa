"""What a box needs of a service: a sandbox that was rented, as a handful of methods.

The rule: nothing but the kernel, its packages and the commands below ever gets into a sandbox; no key, and nothing
of the host's environment. A service's own errors pass through here as they are; `box.py` puts them into words.
"""

from __future__ import annotations

import shlex
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from .. import kernel

Say = Callable[[str], object]


class Rented(ABC):
    """A sandbox of a service's. Its methods wait, and are called on any thread."""

    name: str
    way = "lines"
    """How the kernel talks: "stdio" where the service carries bytes, "lines" where it carries only text."""

    def __init__(self) -> None:
        self.folder = f"/tmp/actlet-{uuid4().hex[:12]}"
        self.since = time.monotonic()

    @property
    def work(self) -> str:
        """The folder that snippets run in."""
        return f"{self.folder}/work"

    def put_kernel(self) -> None:
        """Write the kernel's file."""
        self.put(f"{self.folder}/kernel.py", Path(kernel.__file__).read_bytes())

    def pip_command(self, packages: Sequence[str]) -> str:
        """The shell command that has pip install these for the kernel."""
        wanted = " ".join(map(shlex.quote, packages))
        options = "--no-input --disable-pip-version-check --root-user-action ignore --progress-bar off"
        return f"python3 -m pip install {options} --target {self.folder}/packages {wanted}"

    def kernel_command(self) -> str:
        """The shell command that becomes the kernel."""
        return (
            f"mkdir -p {self.work} && cd {self.work} && "
            f"PYTHONPATH={self.folder}/packages exec python3 -s -u {self.folder}/kernel.py {self.way}"
        )

    @abstractmethod
    def put(self, path: str, data: bytes) -> None:
        """Write a file, by its full path."""

    @abstractmethod
    def get(self, path: str) -> bytes:
        """Read a file, by its full path."""

    @abstractmethod
    def install(self, packages: Sequence[str], say: Say) -> None:
        """See to it that the kernel has these packages, telling how it goes. Raises `CommandFailed`."""

    @abstractmethod
    def start_kernel(self) -> None:
        """Start the kernel, with its standard input open."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Write to the kernel's standard input."""

    @abstractmethod
    def listen(self, hear: Callable[[bytes], None]) -> str:
        """Pass on the kernel's standard output until it ends. Returns how it ended, as `ended_with` says it."""

    @abstractmethod
    def has_ended(self) -> bool | None:
        """Whether the service says that the sandbox is no more; None if it doesn't say."""

    @abstractmethod
    def give_back(self) -> None:
        """End the sandbox and everything in it. One that has ended is no error."""


class CommandFailed(Exception):
    """A command in a sandbox ended with an error; the message is what it printed last."""


class Tail:
    """The last of what a command printed. Calling it adds a piece."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, piece: str) -> None:
        """More was printed."""
        self.text = (self.text + piece)[-2000:]


def ended_with(code: int, printed: str) -> str:
    """How a kernel's process ended, in words."""
    last = printed.strip()[-500:]
    return kernel.ended_with(code) + (f", saying {last!r}" if last else "")
