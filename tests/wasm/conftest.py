"""What the tests of WebAssembly share: one browser for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from actlet.execution import protocol

from .chromium import Chromium


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take more than a second to end a snippet politely."""
    monkeypatch.setattr(protocol, "POLITE_INTERRUPT", 6.0)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs a Chromium: apt-get install chromium")
    browser = Chromium(program)
    yield browser
    browser.close()
