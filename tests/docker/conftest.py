"""The engine that the tests of the docker box share: the one at ACTLET_TEST_DOCKER, or a private one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from private_engine import IMAGE, import_image, private_engine

from actlet.execution.docker import DockerExecutor


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    """The address of an engine that has `IMAGE`."""
    given = os.environ.get("ACTLET_TEST_DOCKER")
    if given:
        import_image(given, IMAGE, Path(sys.base_prefix))
        yield given
        return
    try:
        with private_engine() as url:
            yield url
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture
def make_box(engine_url: str) -> Iterator[Callable[..., DockerExecutor]]:
    """Makes boxes, and closes them at the end of the test."""
    made: list[DockerExecutor] = []

    def make(**options: Any) -> DockerExecutor:
        made.append(DockerExecutor(**{"base_url": engine_url, "image": IMAGE, **options}))
        return made[-1]

    yield make
    for box in made:
        box.cleanup()


@pytest.fixture
def box(make_box: Callable[..., DockerExecutor]) -> DockerExecutor:
    """A box with the default settings."""
    return make_box()


@pytest.fixture
def api(engine_url: str) -> Iterator[Any]:
    """A client of the engine's."""
    import docker

    client = docker.APIClient(base_url=engine_url, version="auto")
    yield client
    client.close()
