"""A headless Chromium that opens tabs when it is told to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0",
    "--disable-renderer-backgrounding", "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
)  # fmt: skip


class Chromium:
    """A browser, from `start` to `close`. Its tabs are those of the box that is tested just now."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="actlet-chromium-")
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._port = self._find_port()

    def _find_port(self) -> int:
        file = Path(self._profile) / "DevToolsActivePort"
        for _ in range(1200):
            if file.exists() and (lines := file.read_text().split()):
                return int(lines[0])
            assert self._process.poll() is None, "chromium ended"
            time.sleep(0.05)
        raise AssertionError("chromium didn't start within a minute")

    def open(self, url: str) -> str:
        """Open a tab; its identity."""
        tab: str = self._ask("PUT", f"new?{quote(url, safe=':/?=')}")["id"]
        return tab

    def close_tabs(self) -> None:
        for tab in self._ask("GET", "list"):
            if tab["type"] == "page" and tab["url"].startswith("http"):
                with suppress(HTTPError):  # it has closed by itself
                    self._ask("GET", f"close/{tab['id']}")

    def tab(self) -> str:
        """The address by which the tools of a tab are reached; waits for one, since loading a page takes time."""
        for _ in range(600):
            for tab in self._ask("GET", "list"):
                if tab["type"] == "page" and tab["url"].startswith("http"):
                    return str(tab["webSocketDebuggerUrl"])
            time.sleep(0.1)
        raise AssertionError("there is no tab")

    def _ask(self, method: str, what: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/json/{what}", method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            text = answer.read().decode()
        return json.loads(text) if text[:1] in "[{" else text

    def close(self) -> None:
        os.killpg(self._process.pid, 9)
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)
