"""What the tests of the docker box share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actlet.execution.docker import DockerExecutor
from actlet.testing.conformance import run

Boxes = Callable[..., DockerExecutor]

HOST = """
import sys, time
from actlet.execution.docker import DockerExecutor
box = DockerExecutor(base_url=sys.argv[1], image=sys.argv[2], warm=int(sys.argv[3]), timeout_seconds=None)
box.submit(sys.argv[4], lambda event: None)
while box._container is None: time.sleep(0.05)
print(box._container.id, flush=True)
time.sleep(600)
"""
"""A program that runs a snippet in a box, prints its container's id, and waits to be killed."""


def value(box: DockerExecutor, code: str) -> Any:
    """What a snippet that has to succeed comes to."""
    output = run(box, code)
    assert output.error is None, output.error
    return output.output


def running(name: str) -> bool:
    """Whether a process of this machine's has this in its command."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if name in path.read_text() and int(path.parent.name) != os.getpid():
                return True
        except OSError:
            continue
    return False


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def containers(api: Any, **about: str) -> list[dict[str, Any]]:
    """The containers that actlet made in the engine, whatever has become of them, with these labels."""
    labels = ["actlet=1", *(f"{name}={wanted}" for name, wanted in about.items())]
    found: list[dict[str, Any]] = api.containers(all=True, filters={"label": labels})
    return found
