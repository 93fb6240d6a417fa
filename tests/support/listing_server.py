"""A server that lists its models in the way that it is told, and does nothing else."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def listing(*models: str, status: int = 200, key: str | None = None, delay: float = 0.0, body: str | None = None):
    """The URL of a server that lists `models`, for who has the `key`, after `delay` seconds."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(delay)
            allowed = key is None or self.headers.get("Authorization") in (f"Bearer {key}", f"Basic {key}")
            self.send_response(status if allowed else 401)
            self.end_headers()
            listed = json.dumps({"data": [{"id": name} for name in models]}) if body is None else body
            self.wfile.write(listed.encode() if allowed else b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def no_http() -> Iterator[str]:
    """The URL of a port where something answers that isn't HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_greet, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def _greet(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.recv(4096)
        connection.sendall(b"220 mail.example.org\r\n")
        connection.close()
