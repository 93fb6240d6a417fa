"""The box in a tab, held to what every box does, in a headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actlet.execution.wasm import BrowserExecutor
from actlet.testing import BoxConformance

from .chromium import Chromium

pytestmark = pytest.mark.xdist_group("wasm")


class TestBrowser(BoxConformance):
    lacks = frozenset({"modules", "threads"})

    @pytest.fixture(autouse=True)
    def _tabs(self, chromium: Chromium) -> Iterator[None]:
        self.chromium = chromium
        yield
        chromium.close_tabs()

    def make_box(self, **options: Any) -> BrowserExecutor:
        return BrowserExecutor(open_browser=self.chromium.open, **options)
