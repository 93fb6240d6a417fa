"""What the tests of WebAssembly share: one browser for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from .chromium import Chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs a Chromium: apt-get install chromium")
    browser = Chromium(program)
    yield browser
    browser.close()
