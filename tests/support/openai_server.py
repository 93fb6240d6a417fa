"""A small OpenAI-compatible server for tests: real HTTP, scripted behaviour.

    with OpenAIServer([Answer("hello"), Answer(status=429, headers={"Retry-After": "1"})]) as server:
        OpenAIModel("stand-in", api_base=server.url, api_key="k")

Answers are given in order; the last one again and again. A callable in place of the list gets each request's body.
`server.requests` are the bodies it was sent, `server.headers` their headers (names in lower case). `server.hung_up`
counts clients that left before their answer was complete, `server.connections` all connections that were opened.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {
    "prompt_tokens": 50,
    "completion_tokens": 7,
    "total_tokens": 57,
    "prompt_tokens_details": {"cached_tokens": 40},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


@dataclass(frozen=True)
class Answer:
    """One answer. `tool_calls` are `(name, arguments)`; `body` is sent instead of a completion; `delay` comes
    before the answer and `pace` between the chunks of a stream, in seconds; `drop` closes the connection after so
    many chunks (0: before anything is sent); `stream_error` ends a stream with an error event, and `unfinished` in
    good order but without saying why. `page` is sent instead of everything, as a web page."""

    content: str | None = None
    tool_calls: Sequence[tuple[str, dict[str, Any]]] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    usage: dict[str, Any] | None = field(default_factory=lambda: USAGE)
    finish_reason: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    pace: float = 0.0
    chunk_size: int = 4
    drop: int | None = None
    stream_error: dict[str, Any] | None = None
    unfinished: bool = False
    page: str | None = None

    @property
    def message(self) -> dict[str, Any]:
        calls = [
            {"id": f"call_{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for i, (name, arguments) in enumerate(self.tool_calls, 1)
        ]
        message = {"role": "assistant", "content": self.content, **self.extra}
        return {**message, "tool_calls": calls} if calls else message

    @property
    def finish(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def deltas(self) -> Iterator[dict[str, Any]]:
        text = self.content or ""
        yield {"role": "assistant", "content": ""}
        for start in range(0, len(text), self.chunk_size):
            yield {"content": text[start : start + self.chunk_size]}
        for index, call in enumerate(self.message.get("tool_calls", ())):
            arguments, half = call["function"]["arguments"], len(call["function"]["arguments"]) // 2
            begin = {**call, "index": index, "function": {**call["function"], "arguments": arguments[:half]}}
            yield {"tool_calls": [begin]}
            yield {"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]}


Script = Sequence[Answer] | Callable[[dict[str, Any]], Answer]


class OpenAIServer:
    """Serves on a free port of localhost until it is closed."""

    def __init__(self, answers: Script = (Answer("hello"),), models: Sequence[str] = ("stand-in",)) -> None:
        self.answers, self.models = answers, models
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.hung_up = self.connections = self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._http = _HTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": self}))
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> OpenAIServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer_to(self, body: dict[str, Any], headers: dict[str, str]) -> Answer:
        with self._lock:
            number = len(self.requests)
            self.requests.append(body)
            self.headers.append(headers)
        if callable(self.answers):
            return self.answers(body)
        return self.answers[min(number, len(self.answers) - 1)]

    def count(self, name: str, change: int = 1) -> None:
        with self._lock:
            setattr(self, name, getattr(self, name) + change)
            self.most_at_once = max(self.most_at_once, self.at_once)

    def wait_for(self, name: str, value: int, seconds: float = 60.0) -> bool:
        """Whether a counter reaches a value in time."""
        deadline = time.monotonic() + seconds
        while getattr(self, name) < value and time.monotonic() < deadline:
            time.sleep(0.005)
        return bool(getattr(self, name) >= value)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _HungUpError(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: OpenAIServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stand_in.count("connections")

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.rstrip("/").endswith("/models"):
            models = [{"id": name, "object": "model"} for name in self.stand_in.models]
            self._send(200, {"object": "list", "data": models})
        else:
            self._send(404, {"error": {"message": f"no such path: {self.path}"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        answer = self.stand_in.answer_to(body, {name.lower(): value for name, value in self.headers.items()})
        self.stand_in.count("at_once")
        try:
            self._answer(answer, body)
        except (_HungUpError, ConnectionError):
            self.stand_in.count("hung_up")
            self.close_connection = True
        finally:
            self.stand_in.count("at_once", -1)

    def _answer(self, answer: Answer, body: dict[str, Any]) -> None:
        self._wait(answer.delay)
        if answer.drop == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif answer.page is not None:
            self._send_page(answer.page)
        elif answer.status != 200 or answer.body is not None:
            self._send(answer.status, answer.body or {"error": {"message": "scripted failure"}}, answer.headers)
        elif body.get("stream"):
            self._stream(answer, body)
        else:
            choice = {"index": 0, "message": answer.message, "finish_reason": answer.finish}
            completion = {**_head(body), "object": "chat.completion", "choices": [choice]}
            self._send(200, completion | ({"usage": answer.usage} if answer.usage else {}), answer.headers)

    def _stream(self, answer: Answer, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        head = {**_head(body), "object": "chat.completion.chunk"}
        for number, delta in enumerate(answer.deltas()):
            if number == answer.drop:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self._event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            self._wait(answer.pace)
        if answer.stream_error is not None:
            self._event({"error": answer.stream_error})
        elif not answer.unfinished:
            self._event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": answer.finish}]})
            if answer.usage and body.get("stream_options", {}).get("include_usage"):
                self._event({**head, "choices": [], "usage": answer.usage})
            self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, payload: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(payload)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _send_page(self, page: str) -> None:
        data = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send(self, status: int, payload: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(payload).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _wait(self, seconds: float) -> None:
        """Let time pass, and notice at once when the client hangs up."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _HungUpError


def _head(body: dict[str, Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "created": 1, "model": body.get("model")}
