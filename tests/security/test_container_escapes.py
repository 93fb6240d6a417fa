"""Nothing leaves a container, or the WebAssembly runtime.

What a snippet says of itself (`says`) is about the inside of its own container or runtime, with a kernel or a file
system that it may use there: it isn't counted here. The marks of the world outside are.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from choosing import parameters
from corpus import Snippet, numbered, of

sys.path.append(str(Path(__file__).parents[1] / "docker"))
from private_engine import private_engine

INSIDE = {"says"}
CHOSEN = [one for one in of("os", "protocol") if one.number < 441 and set(one.breach) != INSIDE]
RESOURCES = [numbered(number) for number in (302, 320, 322, 344, 352, 354)]
SAMPLE = [*CHOSEN[::3], *RESOURCES]
"""For a runtime that takes a second to start."""

SWEPT_LATER = {438: "the host was killed: its containers end when the next host starts, which removes them"}


def grouped(group: str, snippets: list[Snippet]) -> list:
    """They share an engine, or the machine's memory: one process runs them all."""
    return [
        pytest.param(*one.values, id=one.id, marks=pytest.mark.xdist_group(group)) for one in parameters(snippets)
    ]


@pytest.fixture(scope="session")
def engine():
    """The address of an engine with the tests' image."""
    given = os.environ.get("ACTLET_TEST_DOCKER")
    if given:
        yield given
        return
    try:
        with private_engine() as address:
            yield address
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("snippet", grouped("docker", CHOSEN + RESOURCES))
def test_nothing_leaves_a_container(world_of, engine: str, snippet: Snippet):
    verdict = world_of("me").judge(snippet, f"docker:{engine}")
    assert not set(verdict.hit) - (set() if snippet in RESOURCES else INSIDE) or snippet.number in SWEPT_LATER, (
        verdict
    )


@pytest.mark.parametrize("snippet", grouped("wasm", SAMPLE))
def test_nothing_leaves_the_webassembly_runtime(world_of, snippet: Snippet):
    from actlet.execution.wasm import WasmExecutor

    readiness = WasmExecutor.check()
    if not readiness.ok:
        pytest.skip(f"{readiness.detail}: {readiness.remedy}")
    verdict = world_of("me").judge(snippet, "wasm")
    assert not set(verdict.hit) - (set() if snippet in RESOURCES else INSIDE), verdict
