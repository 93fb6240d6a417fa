"""The worlds in which boxes are attacked: one for each kind of user, kept for all tests of a process."""

import people
import pytest
from outside import World


@pytest.fixture(scope="session")
def world_of():
    worlds: dict[str, World] = {}

    def one(kind: str) -> World:
        if kind not in worlds:
            worlds[kind] = World(people.who(kind))
        return worlds[kind]

    yield one
    for world in worlds.values():
        world.close()
