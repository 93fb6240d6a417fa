"""A sandbox of a stand-in: a folder and processes of this machine, with a clean environment.

The stand-ins speak a service's protocol; what they are told to run runs here, for real. Everything that gets in (files,
commands, environment, input) is kept, for the tests that look for what must not.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from actlet.execution.kernel import FromLines


class Machine:
    broken_python = ""
    """What machines to come have in place of Python, for tests."""

    def __init__(self, python: str = sys.executable) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="actlet-cloud-"))
        self.got: list[bytes] = []
        self.typed = b""
        self.ended = False
        self.processes: list[asyncio.subprocess.Process] = []
        self._folders: set[Path] = set()
        (self.home / "bin").mkdir()
        for name in ("python", "python3"):
            program = self.home / "bin" / name
            program.write_text(f'#!/bin/sh\nexec {self.broken_python or python} "$@"\n')
            program.chmod(0o755)
        (self.home / ".bash_profile").write_text('PATH="$HOME/bin:$PATH"\n')  # a login shell sets its own

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.home}/bin:/usr/local/bin:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8"}

    async def start(self, *command: str, cwd: str | None = None, env: dict[str, str] | None = None):
        """Start a command with pipes. Its folders under /tmp are removed with the machine."""
        environment = {**self.environment, **(env or {})}
        self.note(repr(command), repr(environment), cwd or "")
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd or self.home, env=environment, start_new_session=True, limit=1 << 24,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def write(self, path: str, data: bytes) -> None:
        place = self.home / path
        self.note(path)
        self.got.append(data)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def note(self, *texts: str) -> None:
        for text in texts:
            self.got.append(text.encode())
            self._folders |= {Path(found) for found in re.findall(r"/tmp/actlet-[0-9a-f]{12}", text)}

    def everything(self) -> bytes:
        """All that has got in, with what was typed as it is and as the text that its lines of base64 stand for."""
        with suppress(ValueError):
            self.got.append(FromLines().feed(self.typed))
        return b"\n".join([*self.got, self.typed])

    async def gone(self) -> None:
        """Kill what is left, and wait until the last process has been seen to end."""
        self.kill()
        for process in self.processes:
            await process.wait()
        self.kill()  # what they were still writing

    def kill(self) -> None:
        """Everything in it ends, at once."""
        self.ended = True
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for folder in {*self._folders, self.home}:
            shutil.rmtree(folder, ignore_errors=True)


async def output_of(process: asyncio.subprocess.Process, chunk: int) -> AsyncIterator[tuple[str, bytes]]:
    """What a process prints, as it does: "stdout" or "stderr" with up to `chunk` bytes, until both have ended."""
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(16)

    async def read(name: str, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(chunk):
            await heard.put((name, data))
        await heard.put((name, b""))

    readers = [asyncio.create_task(read(name, getattr(process, name))) for name in ("stdout", "stderr")]
    for _ in readers:
        while (piece := await heard.get())[1]:
            yield piece


def exit_of(code: int) -> tuple[int, str | None]:
    """A return code of asyncio's, as the services tell it: the code, and the signal's name."""
    return (code, None) if code >= 0 else (128 - code, f"signal: {signal.Signals(-code).name}")
