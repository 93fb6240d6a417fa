"""WasmExecutor: Pyodide under Deno, in a process that may read its own runtime and nothing else.

A snippet can't make system calls: it is in WebAssembly, in a thread without permissions, in a process without
network, environment, files or programs, whose memory is limited. One signal ends it.

Not covered: faults of V8, Deno and the system's kernel; the machine's clock and time zone, which a snippet may see.
Threads and processes don't exist in here, and packages with C code need a wheel for Pyodide.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ...errors import BoxError, BoxMissingExtraError
from ..box import Readiness
from ..packages import Progress, checked_requirements, on_stderr
from ..protocol import Channel, PipeChannel, RemoteBox
from . import runtime
from .runtime import PYODIDE

PAGE_KB = 64
"""Memory of WebAssembly comes in pages of this size."""

ENGINE_MB = 2_048
"""What V8 sets aside for itself, beside the memory of Python, and may not go beyond."""

ENGINE_HEAP_MB = 512
"""Of that, what objects of JavaScript may take."""


class WasmExecutor(RemoteBox):
    """Runs snippets in Python compiled to WebAssembly, under Deno.

    `memory_mb`: of Python, 64 to 4096; `disk_mb`: of its files, which are in memory too. `packages` are
    requirements ("humanize", "pydantic>=2") that are installed once, before the first start; `progress` is told how
    that goes, and of the download of Pyodide. `deno` is the path of a Deno; that of the `wasm` extra, or the one on
    the PATH, unless given. Other options: see `RemoteBox`.
    Raises `ValueError` for an option that makes no sense.
    """

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        *,
        memory_mb: int = 1_024,
        disk_mb: int = 64,
        packages: Iterable[str] = (),
        progress: Progress | None = on_stderr,
        deno: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(additional_authorized_imports, **options)
        if not 64 <= memory_mb <= 4096:
            raise ValueError(f"memory_mb must be from 64 to 4096, which is all that there is; it is {memory_mb!r}")
        if not 1 <= disk_mb <= 1024:
            raise ValueError(f"disk_mb must be from 1 to 1024; it is {disk_mb!r}")
        self.memory_mb, self.disk_mb, self.deno, self.progress = memory_mb, disk_mb, deno, progress
        self.packages = checked_requirements(packages)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def check(cls) -> Readiness:
        """Whether there is a Deno, and whether Pyodide is here already."""
        try:
            deno = runtime.find_deno()
        except BoxMissingExtraError as error:
            return Readiness(False, "there is no Deno", str(error))
        there = "is here" if runtime.is_here() else "is downloaded with the first box (6 MB)"
        return Readiness(True, f"{deno}; Pyodide {PYODIDE} {there}")

    def _start(self) -> Channel:
        deno = runtime.find_deno(self.deno)
        folder = runtime.runtime(deno, self.packages, self.progress)
        pages = self.memory_mb * 1024 // PAGE_KB
        flags = (f"--wasm-max-mem-pages={pages}", f"--max-old-space-size={ENGINE_HEAP_MB}", "--stack-size=3000")
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                runtime.command(deno, folder, "run", str(self.disk_mb), v8_flags=flags),
                env=runtime.environment(),
                cwd=folder,
                stdin=theirs_in,
                stdout=theirs_out,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            os.close(ours_in)
            os.close(ours_out)
            raise BoxError(f"Deno can't be started ({deno!r}): {error}") from error
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        _limit_memory(self._process.pid, self.memory_mb + self.disk_mb + ENGINE_MB)
        return PipeChannel(ours_in, ours_out)

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def _reason(self) -> str:
        process = self._process
        if process is None:
            return ""
        code = process.wait()
        said = _said(process)
        ended = f"it was killed by signal {-code}" if code < 0 else f"it exited ({code})"
        return f"{ended}: {said}" if said else ended

    def _settings(self) -> dict[str, Any]:
        return {
            **super()._settings(),
            "memory_mb": self.memory_mb,
            "disk_mb": self.disk_mb,
            "packages": self.packages,
            "progress": self.progress,
            "deno": self.deno,
        }


def _said(process: subprocess.Popen[bytes]) -> str:
    """What Deno said last. Nobody reads it while it runs: one that says too much waits for ever, and is killed."""
    if process.stderr is None or process.stderr.closed:
        return ""
    os.set_blocking(process.stderr.fileno(), False)
    said = process.stderr.read(65_536) or b""
    process.stderr.close()
    return said.decode("utf-8", "replace").strip()[:1000]


def _limit_memory(pid: int, megabytes: int) -> None:
    """Limit what the process may hold beside the memory of WebAssembly too, where the system can do that."""
    if sys.platform == "linux":
        import resource

        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))
