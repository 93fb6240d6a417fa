"""BrowserExecutor: the same kernel in a tab of the user's own browser.

A small server (`page.py`) gives a page whose worker runs Pyodide; the page connects back. What a snippet may do is
what a page of its own may do, without a network: the browser holds it, as it holds every page.

Not covered: faults of the browser; the memory and processor time that a tab may use, which the browser limits. A
tab that is closed is a kernel that has ended: its variables are lost, and the next snippet waits for another tab.
"""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import finalize

from ...errors import BoxError, BoxMissingExtraError
from ..box import Readiness
from ..packages import Progress, checked_requirements, on_stderr
from ..protocol import Channel, FedChannel, RemoteBox
from . import runtime
from .deno import WasmExecutor
from .page import Page

if TYPE_CHECKING:
    from websockets.sync.server import ServerConnection

RETURNING = 3.0
"""Seconds that a tab which was there has to come back, before another is opened."""


class TabChannel(FedChannel):
    """What connects with a tab. Nothing is read ahead of whoever reads, so that a tab can't fill our memory."""

    def __init__(self, tab: ServerConnection) -> None:
        super().__init__(tab.send)
        self._tab = tab
        self._reading = threading.Lock()
        self._ahead = bytearray()
        self.why = ""

    def read(self, size: int) -> bytearray:
        """Exactly `size` bytes, waiting for them. Raises `EOFError` if there are no more."""
        with self._reading:
            while len(self._ahead) < size:
                self._receive(None)
            data = self._ahead[:size]
            del self._ahead[:size]
            return data

    def _receive(self, seconds: float | None) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            self._ahead += self._tab.recv(seconds, decode=False)
        except ConnectionClosed as closed:
            said = closed.rcvd.reason if closed.rcvd is not None else ""
            self.why = said or "its tab was closed, or loaded again"
            raise EOFError(self.why) from None

    def ended(self) -> bool:
        """Whether the connection has ended."""
        return super().ended() or not self._tab.recv_events_thread.is_alive()

    def quiet(self) -> bool:
        """Whether there is nothing to read, not even the end."""
        if not self._reading.acquire(blocking=False):
            return False
        try:
            if not self._ahead:
                self._receive(0)
            return not self._ahead
        except TimeoutError:
            return True
        except EOFError:
            return False
        finally:
            self._reading.release()

    def close_writing(self) -> None:
        """End the connection; the page ends Python, and connects again."""
        super().close_writing()
        self._tab.close_socket()


class BrowserExecutor(RemoteBox):
    """Runs snippets in a tab of a browser on this machine. `url` says what to open.

    `open_browser`: whether to open it; a function that is given the address does that its own way. `open_seconds`:
    how long a snippet waits for a tab. `port` of 127.0.0.1: any that is free, unless given. `packages`, `progress`
    and `deno` (which prepares what the tab loads): see `WasmExecutor`. Other options: see `RemoteBox`.
    """

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        *,
        open_browser: bool | Callable[[str], object] = False,
        open_seconds: float = 120,
        port: int = 0,
        packages: Iterable[str] = (),
        progress: Progress | None = on_stderr,
        deno: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(additional_authorized_imports, **options)
        if not open_seconds > 0:
            raise ValueError(f"open_seconds must be above 0; it is {open_seconds!r}")
        self.open_browser, self.open_seconds, self.port = open_browser, open_seconds, port
        self.packages, self.progress, self.deno = checked_requirements(packages), progress, deno
        self._serving = threading.Lock()
        self._page: Page | None = None
        self._address = (port, "")
        self._channel: TabChannel | None = None
        self._was_opened = False

    @classmethod
    def check(cls) -> Readiness:
        """Whether what serves and prepares the page is here. Whether there is a browser is the user's to know."""
        if find_spec("websockets") is None:
            return Readiness(
                False, "there is no websockets", str(BoxMissingExtraError("a box in the browser", "wasm"))
            )
        ready = WasmExecutor.check()
        return Readiness(ready.ok, f"opens in a tab of a browser; prepared by {ready.detail}", ready.remedy)

    @property
    def url(self) -> str:
        """What to open in a browser, with the box's token in it. It is served until the box is closed."""
        return self._served().url

    def _served(self) -> Page:
        with self._serving:
            if self._page is None:
                folder = runtime.runtime(runtime.find_deno(self.deno), self.packages, self.progress)
                self._page = Page(folder, *self._address)
                self._address = self._page.port, self._page.token  # the tab that is open finds the box again
                finalize(self, self._page.close)
            return self._page

    def _start(self) -> Channel:
        page = self._served()
        tab = page.tab(RETURNING if self._was_opened else 0)
        if tab is None:
            self._open(page.url)
            tab = page.tab(self.open_seconds)
        if tab is None:
            raise BoxError(f"no tab runs this box: open {page.url} in a browser on this machine, and keep it open")
        self._was_opened = True
        self._channel = TabChannel(tab)
        return self._channel

    def _open(self, url: str) -> None:
        if callable(self.open_browser):
            self.open_browser(url)
        elif self.open_browser:
            webbrowser.open(url)
        elif self.progress is not None:
            self.progress(f"waiting for a tab: open {url}")

    def _kill(self) -> None:
        if self._channel is not None:
            self._channel.close_writing()

    def _reason(self) -> str:
        return "" if self._channel is None else self._channel.why

    def cleanup(self) -> None:
        """End the kernel, and serve the page no more. The box may be used again, by the same tab too."""
        with self._serving:
            page, self._page = self._page, None
        if page is not None:
            page.stop_waiting()
        super().cleanup()
        if page is not None:
            page.close()

    def _settings(self) -> dict[str, Any]:
        return {
            **super()._settings(),
            "open_browser": self.open_browser,
            "open_seconds": self.open_seconds,
            "port": self.port,
            "packages": self.packages,
            "progress": self.progress,
            "deno": self.deno,
        }
