"""Pyodide under Deno, held to what every box does."""

from __future__ import annotations

from typing import Any

import pytest

from actlet.execution.wasm import WasmExecutor
from actlet.testing import BoxConformance

pytestmark = pytest.mark.xdist_group("wasm")


class TestWasm(BoxConformance):
    lacks = frozenset({"modules", "threads"})

    def make_box(self, **options: Any) -> WasmExecutor:
        return WasmExecutor(**options)
