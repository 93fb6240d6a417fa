"""The way out of a box that was given a network: a proxy on the host, for the hosts that were listed.

It accepts from a socket that listens inside of the boxes' own network, where nothing else can be reached, and
speaks HTTP as clients that know of proxies do: CONNECT, and requests with a whole URL. The host and port of each
request must be listed. A name is looked up here, and refused when it leads to an address that isn't public, so
that a name can't stand for this machine or its neighbours; an address, or `localhost`, that is itself on the list
may be reached wherever it is.

Not covered: what a listed host does with what it is told. Where several hosts are served by one machine, another
one of them may be asked for inside the encrypted connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

DEFAULT_PORTS = (80, 443)
"""What a listed host without a port means."""

HEAD_BYTES = 65_536
WAIT_SECONDS = 30
"""For a request's head, and for the other side to accept."""

MOST_CONNECTIONS = 128
"""At a time, of all boxes of one proxy."""

TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Addresses of IP 6 that stand for others of IP 4."""

KEPT_OUT = (b"proxy-", b"connection:", b"keep-alive:", b"host:")


class Refused(Exception):
    """A request that isn't passed on."""


class Hosts:
    """The hosts and ports that may be reached. Raises `ValueError` for an entry that is none."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self.entries = entries
        self._allowed = {allowed for entry in entries for allowed in _parsed(entry)}

    def check(self, host: str, port: int) -> None:
        """Raise `Refused` unless this host and port are listed."""
        if (host, port) not in self._allowed:
            raise Refused(f"{host}:{port} isn't among the hosts of this box: {', '.join(self.entries)}")


def _parsed(entry: str) -> list[tuple[str, int]]:
    if "/" in entry or "*" in entry or "@" in entry or not entry.isascii():
        raise ValueError(f"network: {entry!r} isn't a host: write 'example.com' or 'example.com:8443'")
    host, port = _host_and_port(entry, 0)
    return [(host, port)] if port else [(host, default) for default in DEFAULT_PORTS]


def _host_and_port(text: str, default: int) -> tuple[str, int]:
    """Raises `ValueError`."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"{text!r} names no host")
    return parts.hostname.rstrip(".").lower(), parts.port or default


def public(address: str) -> bool:
    """Whether an address is one of the internet at large, not of this machine or its surroundings."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif any(parsed in network for network in TRANSLATED):
            return False
    return parsed.is_global and not parsed.is_multicast


class Request(NamedTuple):
    """What a client asks for: `head` is to be sent on; None for a connection that is passed through as it is."""

    host: str
    port: int
    head: bytes | None


def parse(head: bytes) -> Request:
    """A request's head. Raises `Refused` and `ValueError` for one that isn't for a proxy."""
    first, _, rest = head.partition(b"\r\n")
    method, target, version = first.decode("ascii").split(" ")
    if method == "CONNECT":
        return Request(*_host_and_port(target, 443), None)
    parts = urlsplit(target)
    if parts.scheme != "http" or not parts.hostname:
        raise Refused(f"this is a proxy: it doesn't know {target[:200]!r}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [line for line in rest.split(b"\r\n") if line and not line.lower().startswith(KEPT_OUT)]
    host, port = _host_and_port(parts.netloc.rpartition("@")[2], 80)
    lines = [f"{method} {path} {version}".encode(), b"Host: " + parts.netloc.rpartition("@")[2].encode(), *kept]
    return Request(host, port, b"\r\n".join([*lines, b"Connection: close", b"", b""]))


class Proxy:
    """Passes on what is asked for on `listener`, which it owns, until it is closed. Has a thread of its own."""

    def __init__(self, listener: socket.socket, entries: tuple[str, ...]) -> None:
        self._hosts = Hosts(entries)
        self._loop = asyncio.new_event_loop()
        self._listener = listener
        self._busy = 0
        listener.setblocking(False)
        threading.Thread(target=self._run, name="actlet-sandbox-proxy", daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener, limit=HEAD_BYTES))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
        self._listener.close()

    def close(self) -> None:
        """Pass on nothing more."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy += 1
        try:
            if self._busy > MOST_CONNECTIONS:
                raise Refused(f"more than {MOST_CONNECTIONS} connections at a time")
            await self._pass_on(reader, writer)
        except Refused as error:
            _answer(writer, 403, str(error))
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            _answer(writer, 400, f"not a request: {error!s:.200}")
        except (OSError, TimeoutError) as error:
            _answer(writer, 502, f"{type(error).__name__}: {error!s:.200}")
        finally:
            self._busy -= 1
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS))
        answers, asks = await _connect(await self._addresses(request.host, request.port), request.port)
        try:
            if request.head is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                asks.write(request.head)
            await asyncio.gather(_copy(reader, asks), _copy(answers, writer))
        finally:
            asks.close()

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses to connect to, the best first. Raises `Refused`."""
        self._hosts.check(host, port)
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if host != "localhost" and not _is_address(host):
            private = [address for address in addresses if not public(address)]
            if private:
                raise Refused(f"{host} leads to {private[0]}, which isn't public: list the address itself")
        return addresses


async def _connect(addresses: list[str], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that accepts one. Raises `OSError`."""
    *others, last = addresses
    for address in others:
        with suppress(OSError, TimeoutError):
            return await asyncio.wait_for(asyncio.open_connection(address, port), WAIT_SECONDS)
    return await asyncio.wait_for(asyncio.open_connection(last, port), WAIT_SECONDS)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()


def _answer(writer: asyncio.StreamWriter, status: int, text: str) -> None:
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in text)[:300]
    writer.write(f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
