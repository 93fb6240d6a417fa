"""Which snippets a test takes, as parameters."""

from __future__ import annotations

from typing import Any

import pytest
from corpus import Snippet


def parameters(snippets: list[Snippet], *more: Any) -> list[Any]:
    """One parameter for each snippet (and for each of `more`, before it).

    Those that look at the whole machine, or take much of it, run one after another.
    """
    return [_parameter(snippet, other) for snippet in snippets for other in (more or (None,))]


def _parameter(snippet: Snippet, other: Any) -> Any:
    marks = [pytest.mark.xdist_group("whole machine")] if snippet.alone else []
    name = f"{snippet.category}-{snippet}"
    if other is None:
        return pytest.param(snippet, id=name, marks=marks)
    return pytest.param(snippet, other, id=f"{name}-{other}", marks=marks)
