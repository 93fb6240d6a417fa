"""A cloud at hand is made once for all tests of this folder that ask for it; the tests wait for real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clouds_at_hand import CLOUDS, AtHand


def at_hand(name: str) -> Iterator[AtHand]:
    with pytest.MonkeyPatch.context() as patch:
        cloud = CLOUDS[name]()
        for variable, value in cloud.environment.items():
            patch.setenv(variable, value)
        yield cloud
        cloud.stop()


@pytest.fixture(scope="session")
def e2b() -> Iterator[AtHand]:
    yield from at_hand("e2b")


@pytest.fixture(scope="session")
def modal() -> Iterator[AtHand]:
    yield from at_hand("modal")


@pytest.fixture(scope="session")
def blaxel() -> Iterator[AtHand]:
    yield from at_hand("blaxel")


@pytest.fixture(params=list(CLOUDS))
def cloud(request: pytest.FixtureRequest) -> AtHand:
    """Each cloud in turn."""
    return request.getfixturevalue(request.param)
