"""Inside Pyodide: the kernel over /dev/host, an event loop and a sleep that can be interrupted.

It is prepared once, into the snapshot of memory that every box starts from; `serve` is what a box does then. No
object of JavaScript is to be had from here. What needs threads or processes fails, as everywhere in WebAssembly.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import struct
import sys
import time
from asyncio.base_events import BaseEventLoop
from collections.abc import Sequence
from typing import Any

import actlet_kernel as kernel  # type: ignore[import-not-found]

WORK = "/work"
PACKAGES = "/tmp/packages.zip"
FOREVER = 1e9

LOOK = 0.1
"""Seconds that an event loop waits at a time."""

USUAL = """
array base64 bisect calendar cmath collections concurrent.futures contextlib copy csv dataclasses datetime decimal
difflib enum fractions functools graphlib hashlib heapq html inspect io itertools json logging math numbers operator
pathlib pickle pprint queue random re secrets shutil statistics string tempfile textwrap threading traceback types
typing unicodedata urllib.parse uuid zipfile zoneinfo
"""
"""What is imported before the snapshot is taken, so that no box has to."""


class Wire(kernel.Wire):  # type: ignore[misc]
    """Frames over the devices that the worker serves."""

    def __init__(self) -> None:
        self._host = os.open("/dev/host", os.O_RDWR)
        self._wait = os.open("/dev/wait", os.O_WRONLY)

    def receive(self) -> Any:
        """The next message and its blobs, waiting for it. Raises `EOFError` if there are no more."""
        return kernel.read_frame(self._read)

    def send(self, pieces: Sequence[Any]) -> None:
        """Write all of it."""
        for piece in pieces:
            view = memoryview(piece).cast("B")
            while view:
                view = view[os.write(self._host, view) :]

    def comes(self, seconds: float) -> bool:
        """Whether something comes within this time."""
        return bool(os.write(self._wait, struct.pack(">d", time.monotonic() + seconds)))

    def ended(self, number: int) -> None:
        """The snippet with this number has ended: interrupts of it come to nothing."""
        os.write(self._wait, struct.pack(">d", -number))

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = os.readv(self._host, [view])
            if not count:
                raise EOFError
            view = view[count:]
        return data


class Guest(kernel.Guest):  # type: ignore[misc]
    """The kernel where there is one thread. Interrupts are signals, and so is the time to send what was printed."""

    def _begin(self) -> None:
        super()._begin()
        signal.signal(signal.SIGINT, self.interrupted)
        signal.signal(signal.SIGALRM, self._on_tick)

    def _on_tick(self, *_: Any) -> None:
        """From time to time while a snippet runs: nobody else sends what was printed, or answers the host."""
        if not self.shields:
            self.flush()
            self.hear(0)

    def _snippet_ends(self) -> None:
        number = self._snippet
        super()._snippet_ends()
        self._wire.ended(number)

    def _read_in(self, loop: Any) -> None:
        """Every event loop in here does that by itself."""

    def hear(self, seconds: float) -> bool:
        """Do what the host says, if it says something within this time; whether it did."""
        if not self._wire.comes(seconds) or not self._reading.take(wait=False):
            return False
        try:
            if self._wire.comes(0):  # a tick may have come just before, and have heard it
                self._sort(*self._wire.receive())
        finally:
            self._reading.give()
        return True

    def sleep(self, seconds: float) -> None:
        """`time.sleep`, in which interrupts are heard. Raises `ValueError` if `seconds` is below 0."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.flush()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.hear(left)


class Loop(BaseEventLoop):
    """An event loop that waits for what the host says, and for time. There is nothing else to wait for in here."""

    guest: Guest
    _ready: Any

    def __init__(self) -> None:
        super().__init__()
        self._selector = self

    def select(self, timeout: float | None) -> list[Any]:
        """Hear the host for this time, or until it has said something.

        A tick may come while it waits, and hear in its stead what makes a callback ready: so it looks up now and
        then.
        """
        until = time.monotonic() + (FOREVER if timeout is None else timeout)
        while True:
            left = until - time.monotonic()
            if self.guest.hear(max(0.0, min(left, LOOK))) or self._ready or left <= LOOK:
                return []

    def _process_events(self, _events: list[Any]) -> None:
        return

    def _write_to_self(self) -> None:
        """There is no other thread to wake it from."""


class Policy(asyncio.events._BaseDefaultEventLoopPolicy):  # type: ignore[name-defined,misc]
    """Event loops are `Loop`s."""

    _loop_factory = Loop


def prepare() -> None:
    """Before the snapshot: event loops are Python's, not JavaScript's; what snippets import most is there."""
    asyncio.run = asyncio.runners.run
    asyncio._set_running_loop(None)
    asyncio.events._event_loop_policy = Policy()  # type: ignore[attr-defined]
    sys.set_asyncgen_hooks(None, None)
    for name in USUAL.split():
        __import__(name)


def let_go() -> None:
    """After the snapshot, which has to hold them: nothing of JavaScript can be imported."""
    from _pyodide._importhook import jsfinder  # type: ignore[import-not-found]

    jsfinder.jsproxies.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "_pyodide._importhook"]
    for name in ("js", "pyodide_js"):
        sys.modules.pop(name, None)


def add_packages() -> None:
    """The box's packages, where Python looks for them."""
    import site
    import zipfile

    with zipfile.ZipFile(PACKAGES) as archive:
        archive.extractall(site.getsitepackages()[0])
    os.unlink(PACKAGES)


def serve() -> None:
    """Be a box's kernel, until the host closes the channel."""
    let_go()
    random.seed()
    os.chdir(WORK)
    if os.path.exists(PACKAGES):
        add_packages()
    Loop.guest = guest = Guest(Wire())
    time.sleep = guest.sleep  # type: ignore[assignment]
    guest.serve()
