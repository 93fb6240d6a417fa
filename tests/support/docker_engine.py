"""The engine of the docker box's tests, for tests elsewhere: import `docker_url` into a conftest."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docker"))

from private_engine import IMAGE, import_image, private_engine

__all__ = ["IMAGE", "docker_url"]


@pytest.fixture(scope="session")
def docker_url() -> Iterator[str]:
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
