"""Servers of the stand-ins, each with an event loop on a thread of its own, on a free port of this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvicorn


class Loop:
    """An event loop on a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="stand-in", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        async def work() -> Any:
            return function(*args)

        return self.run(work())

    def stop(self) -> None:
        self.run(self._end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class WebServer:
    """An ASGI application, served over HTTP/1.1."""

    def __init__(self, app: Any) -> None:
        self.loop = Loop()
        config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self.url = self.loop.run(self._start())

    async def _start(self) -> str:
        self._serving = asyncio.create_task(self._server._serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def drop_connections(self) -> None:
        """As when the network breaks: every connection ends in the middle of what it was at."""
        connections = self._server.server_state.connections
        self.loop.call(lambda: [connection.transport.abort() for connection in list(connections)])

    def stop(self) -> None:
        async def stop() -> None:
            self._server.should_exit = True
            await self._serving

        self.loop.run(stop())
        self.loop.stop()


class Relay:
    """Passes a server's connections on, on a port of its own, until they are dropped."""

    def __init__(self) -> None:
        self._ends: set[asyncio.StreamWriter] = set()
        self._target = 0

    async def start(self, target: int) -> int:
        self._target = target
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends |= {writer, there[1]}
        with suppress(ConnectionError):
            await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    def drop(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def close(self) -> None:
        self.drop()
        self._server.close()
