"""Every snippet gets out of a box that isn't one, on this very machine: else that a box holds it proves nothing."""

import importlib.util
import os

import pytest
from choosing import parameters
from corpus import SNIPPETS, Snippet

MACHINES = {
    154: "/dev/kmsg", 164: "/dev/net/tun", 178: "/proc/self/mem",
}  # fmt: skip
"""What a snippet needs of a machine, besides Linux."""


@pytest.mark.parametrize("snippet", parameters([one for one in SNIPPETS if one.baseline != "none"]))
def test_a_snippet_gets_out_of_what_is_no_box(world_of, snippet: Snippet):
    if snippet.needs_root and os.geteuid() != 0:
        return  # as another user it has nothing to show
    lacking = [name for name in snippet.imports if importlib.util.find_spec(name.partition(".")[0]) is None]
    if lacking:
        pytest.skip(f"this box lacks {lacking}")
    needed = MACHINES.get(snippet.number, "/")
    if not os.path.exists(needed):
        pytest.skip(f"this box lacks {needed}")
    verdict = world_of("me").judge(snippet, snippet.baseline)
    assert verdict.hit, verdict
