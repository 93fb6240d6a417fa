"""Tools that can't be sent anywhere: one holds a session with an MCP server, one a connection to a database."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from actlet import Tool, tool


class McpSession:
    """A session with an MCP server, through the official SDK, that lives from here to `close`."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self._command, self._env = command, env
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._problem: BaseException | None = None
        self.opened = 0
        self._thread = threading.Thread(target=self._run, name="mcp", daemon=True)
        self._thread.start()
        assert self._ready.wait(120)
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            self._problem = error
        finally:
            self._ready.set()

    async def _live(self) -> None:
        from mcp import Client, StdioServerParameters

        program, *arguments = self._command
        server = StdioServerParameters(command=program, args=arguments, env=self._env)
        async with Client(server) as self._client:
            self._loop = asyncio.get_running_loop()
            self.opened += 1
            self._ready.set()
            await self._over.wait()

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The text that a tool of the server's answers with. From any event loop."""
        asked = asyncio.run_coroutine_threadsafe(self._client.call_tool(name, arguments), self._loop)
        result = await asyncio.wrap_future(asked)
        return " ".join(content.text for content in result.content if content.type == "text")

    def close(self) -> None:
        """End the session, and with it the server."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(60)


class McpTool(Tool):
    """A tool of an MCP server's; the session has a key, which is nobody's business."""

    output_type = "string"
    skip_forward_signature_validation = True  # it has the parameters that the server says

    def __init__(self, session: McpSession, name: str, inputs: dict[str, Any], secret: str) -> None:
        self.name, self.description, self.inputs = name.replace("-", "_"), f"The MCP tool {name}.", inputs
        super().__init__()
        self._session, self._mcp_name, self.api_key = session, name, secret
        self.calls = 0

    async def forward(self, **arguments: Any) -> str:
        """What the server answers."""
        assert self.api_key
        self.calls += 1
        return await self._session.call(self._mcp_name, arguments)


class LedgerTool(Tool):
    """Keeps a connection to a database, with a transaction open between calls."""

    name = "ledger"
    description = "Run SQL on the ledger. Returns the rows."
    inputs = {
        "sql": {"type": "string", "description": "the statement"},
        "values": {"type": "array", "description": "values for its question marks", "nullable": True},
    }
    output_type = "array"

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._connection.create_function("signed", 0, lambda: bool(secret))  # the secret is in a closure
        self._lock = threading.Lock()

    def forward(self, sql: str, values: list[Any] | None = None) -> list[Any]:
        """The rows that the statement gives."""
        with self._lock:
            return self._connection.execute(sql, values or []).fetchall()


def signing_tool(secret: str) -> Any:
    """A function as a tool, with the secret as its default and in its closure."""

    @tool
    def sign(text: str, key: str = secret) -> int:
        """Signs a text.

        Args:
            text: What to sign.
            key: What to sign with.
        """
        assert key == secret
        return len(text)

    return sign


def wrapped(channel: Any, record: bytearray) -> Any:
    """The channel, whose bytes of both directions are kept in `record`."""
    send, read = channel.send, channel.read

    def sending(pieces: Any) -> None:
        pieces = [bytes(piece) for piece in pieces]
        record.extend(b"".join(pieces))
        send(pieces)

    def reading(size: int) -> Any:
        data = read(size)
        record.extend(data)
        return data

    channel.send, channel.read = sending, reading
    return channel


def recorded(box: Any, record: bytearray) -> Any:
    """The box, with every byte that crosses kept in `record`."""
    start: Callable[[], Any] = box._start
    box._start = lambda: wrapped(start(), record)
    return box
