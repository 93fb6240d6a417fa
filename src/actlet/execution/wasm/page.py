"""The server of a browser box: gives the page to a tab, and takes the tab's connection.

It listens on 127.0.0.1 only. A connection needs the box's token, which is in the part of the address that browsers
send nowhere, and must come from the page itself (`Origin`); there is one at a time. Files are given to whoever asks
for them by the right `Host`: none of them is secret. The page may load and connect to nothing but this server, and
the thread that Python runs in to nothing at all (Content-Security-Policy).
"""

from __future__ import annotations

import hmac
import secrets
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BoxError, BoxMissingExtraError

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

LARGEST_MESSAGE = 2 << 20
"""Bytes of one message of a tab's: it sends larger ones in pieces."""

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
    ".bin": "application/octet-stream",
}
"""The files that are given, by what their names end in."""

SCRIPTS = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"
PAGE = (
    SCRIPTS
    + "; style-src 'self'; img-src data:; worker-src 'self'; connect-src 'self' ws://{host}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""The first three let the page share memory with Python's thread, which is how interrupts reach it."""


class Page:
    """Serves the files of `folder` on `port` of 127.0.0.1 (0: any), and takes one tab's connection at a time."""

    def __init__(self, folder: Path, port: int = 0, token: str = "") -> None:
        try:
            from websockets.sync.server import serve
        except ImportError as error:
            raise BoxMissingExtraError("a box in the browser", "wasm") from error
        self.token = token or secrets.token_urlsafe(24)
        self._files = {path.name: path for path in folder.iterdir() if path.suffix in KINDS}
        self._changed = threading.Condition()
        self._tab: ServerConnection | None = None
        self._is_waiting = False
        self._over = False
        try:
            listening = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise BoxError(f"port {port} of 127.0.0.1 can't be used: {error}. Leave port= out for any") from error
        self.port = listening.getsockname()[1]
        self._host = f"127.0.0.1:{self.port}"
        self._server = serve(
            self._attend,
            sock=listening,
            process_request=self._answer,
            compression=None,
            server_header=None,
            max_size=LARGEST_MESSAGE,
            close_timeout=1,
        )
        threading.Thread(target=self._server.serve_forever, name="actlet-page", daemon=True).start()

    @property
    def url(self) -> str:
        """What to open in a browser."""
        return f"http://{self._host}/#{self.token}"

    def tab(self, seconds: float) -> ServerConnection | None:
        """The connection of a tab, waiting for one this long; each is given once. None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_waiting or self._over, seconds)
            if not self._is_waiting:
                return None
            self._is_waiting = False
            return self._tab

    def stop_waiting(self) -> None:
        """Whoever waits for a tab, or will, gets none."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def close(self) -> None:
        """Serve nobody any more."""
        self.stop_waiting()
        self._server.shutdown()
        with self._changed:
            if self._tab is not None:
                self._tab.close_socket()

    # Connections

    def _attend(self, tab: ServerConnection) -> None:
        """On the thread of a connection, until it ends."""
        with self._changed:
            if self._tab is not None or self._over:
                return  # which closes it
            self._tab, self._is_waiting = tab, True
            self._changed.notify_all()
        tab.recv_events_thread.join()
        with self._changed:
            self._tab, self._is_waiting = None, False

    def _answer(self, tab: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None to connect."""
        path, _, given = request.path.partition("?")
        if request.headers.get("Host") != self._host:
            return tab.respond(403, "this box is at another address")
        if path != "/kernel":
            return self._file(tab, path[1:] or "page.html")
        if request.headers.get("Origin") != f"http://{self._host}":
            return tab.respond(403, "a box is opened by its own page only")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return tab.respond(403, "the address of this box has another token")
        return None

    def _file(self, tab: ServerConnection, name: str) -> Response:
        from websockets.datastructures import Headers
        from websockets.http11 import Response

        path = self._files.get(name)
        if path is None:
            return tab.respond(404, "there is no such file")
        policy = PAGE.format(host=self._host) if path.suffix == ".html" else SCRIPTS
        body = path.read_bytes()
        own = {"Content-Type": KINDS[path.suffix], "Content-Length": str(len(body)), "Connection": "close"}
        return Response(200, "OK", Headers({**own, **HEADERS, "Content-Security-Policy": policy}), body)
