"""Nothing gets out of the sandbox: as root, as an ordinary user, and where the machine gives no namespaces.

`KNOWN` is what does, with the reason; docs/security.md says it too.
"""

import pytest
from choosing import parameters
from corpus import Snippet, of

WITHOUT_MOUNTS = {
    475: "stat tells that a path exists, and its size: no version of Landlock covers that",
    491: "files that are deleted while they are open are in no folder, where they would be counted",
}
"""What gets out where a worker has no mounts of its own."""

ROOT_STAYS = {474: "root stays root, without capabilities, where nobody else could read its Python"}
"""What gets out besides, for root without mounts, if Python lies in root's home."""


@pytest.mark.parametrize(("snippet", "kind"), parameters(of("os", "protocol", "resource"), "me", "user", "refused"))
def test_nothing_gets_out_of_the_sandbox(world_of, snippet: Snippet, kind: str):
    verdict = world_of(kind).judge(snippet, "sandbox")
    assert not verdict.hit or (kind == "refused" and snippet.number in WITHOUT_MOUNTS), verdict


@pytest.mark.parametrize(
    "snippet", parameters([one for one in of("os") if one.number % 3 == 0 or one.number in ROOT_STAYS])
)
def test_nothing_gets_out_of_the_sandbox_without_namespaces(world_of, snippet: Snippet):
    verdict = world_of("me").judge(snippet, "sandbox-bare")
    assert not verdict.hit or snippet.number in WITHOUT_MOUNTS | ROOT_STAYS, verdict


@pytest.mark.parametrize("snippet", parameters([one for one in of("interpreter") if one.number % 3 == 0]))
def test_what_leads_to_the_interpreter_leads_nowhere_in_the_sandbox(world_of, snippet: Snippet):
    if snippet.header.get("scope") == "evaluator":
        return  # about the inside of an evaluator, which this is none
    verdict = world_of("me").judge(snippet, "sandbox")
    assert not verdict.hit, verdict
