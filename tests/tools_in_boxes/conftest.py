"""The boxes that tools are called from, and an MCP server from npm."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_engine import IMAGE, docker_url  # noqa: F401  a fixture

from actlet.execution.packages import actlet_cache

SERVER = "@modelcontextprotocol/server-everything@2026.8.31"
PROGRAM = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"


def boxes() -> list[Any]:
    """Those that tools are to work in, each on the worker that has its engine."""
    groups = {"docker": "docker", "wasm": "wasm"}
    marks = {name: [pytest.mark.xdist_group(group)] for name, group in groups.items()}
    return [pytest.param(name, marks=marks.get(name, [])) for name in ("sandbox", "docker", "wasm")]


@pytest.fixture(params=boxes())
def make_box(request: pytest.FixtureRequest) -> Iterator[Callable[[], Any]]:
    """Makes boxes of one kind, and closes them at the end of the test."""
    kind, options = box_kind(request.param, request)
    made: list[Any] = []

    def make() -> Any:
        made.append(kind(timeout_seconds=120, **options))
        return made[-1]

    yield make
    for box in made:
        box.cleanup()


def box_kind(name: str, request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any]]:
    """The class of a box, and its options here."""
    from actlet.execution.boxes import box_class

    if name == "docker":
        return box_class(name), {"base_url": request.getfixturevalue("docker_url"), "image": IMAGE}
    return box_class(name), {}


@pytest.fixture(scope="session")
def mcp_server() -> list[str]:
    """The command of an MCP server from npm, which is installed once into the cache."""
    folder = actlet_cache() / "tests" / SERVER.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        node, npm = shutil.which("node"), shutil.which("npm")
        return by_npm(folder, node, npm) if node and npm else by_deno(folder)


def by_npm(folder: Path, node: str, npm: str) -> list[str]:
    """The server under Node."""
    if not (folder / "installed").exists():
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), SERVER]
        subprocess.run(install, check=True, timeout=600)
        (folder / "installed").touch()
    return [node, str(folder / PROGRAM), "stdio"]


def by_deno(folder: Path) -> list[str]:
    """The server under the Deno that the `wasm` extra brings."""
    from actlet.execution.wasm.runtime import find_deno

    deno, place = find_deno(), folder / "deno"
    if not place.exists():
        fetch = [deno, "cache", "--quiet", f"npm:{SERVER}"]
        subprocess.run(fetch, check=True, timeout=600, env={**os.environ, "DENO_DIR": str(place)})
    run = [deno, "run", "--allow-all", "--no-prompt", "--quiet", "--cached-only", f"npm:{SERVER}", "stdio"]
    return ["env", f"DENO_DIR={place}", *run]
