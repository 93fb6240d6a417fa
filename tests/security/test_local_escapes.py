"""The local box against the interpreter snippets: accidents of these kinds don't get through.

It is no security boundary, whatever these tests say: docs/security.md.
"""

import importlib.util

import pytest
from choosing import parameters
from corpus import Snippet, of

OWN_VARIABLE = 108
"""It prints what it has put into a variable of its own, which is named like a counter of smolagents'."""

OWN_OBJECT = 554
"""It assigns to an attribute of an object that the host gave it as a variable: that object is the host's own."""

GIVEN = {
    2, 10, 14, 66, 68, 70, 72, 84, 88, 536, 537, 538, 539, 540, 541, 543, 544, 546, 549, 578,
}  # fmt: skip
"""They are authorized to import posix, builtins, ctypes, pickle, zipfile, gzip, sqlite3, linecache, logging, tempfile,
timeit, urllib, numpy or pandas, and do with it what it is for."""

WITH_DATA = {84, 88, 540, 541, 543, 544, 546, 549}
"""The same where numpy, pandas, json and csv may be imported: they read and write files, and pandas addresses; numpy
makes arrays of memory."""


@pytest.mark.parametrize("snippet", parameters(of("interpreter")))
def test_with_default_imports_nothing_gets_through(world_of, snippet: Snippet):
    verdict = world_of("me").judge(snippet, "local")
    assert not verdict.hit or snippet.number in (OWN_VARIABLE, OWN_OBJECT), verdict


DATA = {"numpy", "pandas", "json", "csv"}


@pytest.mark.parametrize(
    "snippet", parameters([one for one in of("interpreter") if not DATA.isdisjoint(one.imports)])
)
def test_with_the_libraries_for_data_only_what_they_are_for_gets_through(world_of, snippet: Snippet):
    verdict = world_of("me").judge(snippet, "local:numpy+pandas+json+csv")
    assert not verdict.hit or snippet.number in WITH_DATA, verdict


@pytest.mark.parametrize("snippet", parameters([one for one in of("interpreter") if one.imports]))
def test_with_the_imports_that_it_asks_for_only_their_own_work_gets_through(world_of, snippet: Snippet):
    lacking = [name for name in snippet.imports if importlib.util.find_spec(name.partition(".")[0]) is None]
    if lacking:
        pytest.skip(f"this box lacks {lacking}")
    verdict = world_of("me").judge(snippet, f"local:{'+'.join(snippet.imports)}")
    assert not verdict.hit or snippet.number in GIVEN, verdict
