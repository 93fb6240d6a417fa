"""The local box gives what CPython gives: the same value, the same output, the same type of error."""

import pytest
from cpython import Outcome, in_cpython, shown
from semantics_snippets import PARTS

from actlet.execution.local import LocalPythonExecutor

NAMES = (
    "abc asyncio bisect contextlib copy dataclasses decimal enum fractions functools heapq io json operator pprint "
    "string textwrap threading typing"
)
IMPORTS = NAMES.split()


def in_box(box: LocalPythonExecutor, code: str) -> Outcome:
    output = box.run(code)
    return Outcome(shown(output.output), output.logs, output.error.type if output.error else None)


@pytest.fixture(scope="module")
def box():
    box = LocalPythonExecutor(IMPORTS, timeout_seconds=10)
    yield box
    box.cleanup()


def test_there_are_enough_snippets():
    assert len(PARTS) >= 150


@pytest.mark.parametrize("code", PARTS, ids=lambda code: code.strip().split("\n")[0][:40])
def test_the_box_does_what_cpython_does(box, code):
    box.reset()
    assert in_box(box, code) == in_cpython(code)
