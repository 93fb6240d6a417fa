"""Every layer of the sandbox is needed: without it, a snippet that it holds gets out.

Layers overlap, on purpose. Where two hold the same thing both are left out, and the other one alone holds it.
"""

import os

import pytest
from corpus import numbered

NEEDED = {
    "descriptors": (472, "user", "sandbox-bare", ()),
    "session": (473, "user", "sandbox-bare", ()),
    "limits": (342, "user", "sandbox-bare", ()),
    "privileges": (438, "user", "sandbox-bare", ()),
    "landlock": (122, "user", "sandbox-bare", ()),
    "seccomp": (202, "user", "sandbox-bare", ()),
    "capabilities": (162, "user", "sandbox", ("seccomp",)),
    "user": (474, "me", "sandbox", ()),
}  # fmt: skip
"""For each layer: a snippet, who runs the host, the box, and what else is left out in both cases."""


@pytest.mark.parametrize("layer", NEEDED)
def test_without_a_layer_something_gets_out(world_of, layer: str):
    number, kind, box, others = NEEDED[layer]
    if kind == "me" and os.geteuid() != 0:
        return  # there is nobody to become
    world, snippet = world_of(kind), numbered(number)
    held = world.judge(snippet, f"{box}-without:{','.join(others)}" if others else box)
    assert not held.hit, held
    out = world.judge(snippet, f"{box}-without:{','.join((layer, *others))}")
    assert out.hit, out


def test_without_namespaces_a_path_outside_tells_that_it_exists(world_of):
    world, snippet = world_of("user"), numbered(475)
    assert not world.judge(snippet, "sandbox").hit
    assert world.judge(snippet, "sandbox-bare").hit == ["says"]


def test_without_the_folder_there_is_nowhere_to_write(world_of):
    world, snippet = world_of("user"), numbered(344)
    seen = world.judge(snippet, "sandbox-without:folder").seen
    assert "Error" in seen["error"]
    assert seen["in_step"]
