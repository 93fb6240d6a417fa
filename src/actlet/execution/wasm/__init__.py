"""Boxes in WebAssembly: Pyodide under Deno, and in a tab of the user's own browser.

Both run the same files (`js/`, `guest.py`) on the same runtime (`runtime.py`): Python is compiled to WebAssembly,
so that a snippet has no system calls at all, and what carries Python is allowed nothing either.
"""

from __future__ import annotations

from .browser import BrowserExecutor
from .deno import WasmExecutor

__all__ = ["BrowserExecutor", "WasmExecutor"]
