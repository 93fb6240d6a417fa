"""One HTTP client per event loop, because a client's connections belong to the loop that opened them.

Theory of operation. Each client is held by an async generator that was begun on its loop. An event loop closes the
generators that are left when it shuts down (`loop.shutdown_asyncgens`, which `asyncio.run` calls), and one that
nobody refers to any more; either way the `finally` below closes the client on the loop it belongs to.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any


class ClientsPerLoop:
    """The clients of one model. A copy, or one from another process, begins without any."""

    def __init__(self) -> None:
        self._held: dict[Any, tuple[Any, AsyncGenerator[Any, None]]] = {}

    async def get(self, make: Callable[[], Any]) -> Any:
        """The running loop's client, made at the first use. It must have `async def close()`."""
        import asyncio

        loop = asyncio.get_running_loop()
        if loop not in self._held:
            self._forget_closed_loops()
            holder = _hold(make())
            self._held[loop] = (await anext(holder), holder)
        return self._held[loop][0]

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._held) if loop.is_closed()]:
            self._held.pop(loop, None)

    def __reduce__(self) -> tuple[Any, ...]:
        return ClientsPerLoop, ()


async def _hold(client: Any) -> AsyncGenerator[Any, None]:
    try:
        yield client
    finally:
        await client.close()
