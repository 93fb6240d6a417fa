"""The sandbox: a box for untrusted code, on Linux, without root, daemon or image.

A snippet runs in a process of its own, a worker, forked from a clean zygote (`zygote.py`), which locks itself down
before it runs anything (`lockdown.py`): no file but Python's own and a private work folder, no network, no other
process, limits on memory, time, threads and files. One signal ends it.

Not covered: what a machine without namespaces tells of the existence and size of files, and faults of the kernel
itself. What the machine gave is in `report()`; below `require` the box refuses to start. On macOS Seatbelt takes
the place of all this (`seatbelt.py`), untested.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...errors import BoxError
from ..box import Readiness
from ..kernel import ended_with
from ..packages import Progress, checked_requirements, on_stderr, site_packages
from ..protocol import Channel, PipeChannel, RemoteBox
from . import paths, seatbelt, workers
from .lockdown import LAYERS, REQUIRED, missing
from .proxy import Hosts
from .pythons import python_at
from .workers import Limits, Options, Worker

REASONS = {
    signal.SIGKILL: "it was killed from outside: by somebody, or because the machine had no memory left",
    signal.SIGSEGV: "it crashed (a segmentation fault)",
    signal.SIGABRT: "it aborted",
    signal.SIGSYS: "it made a call of the kernel in a way that isn't allowed",
}
"""What an end by a signal means here."""


OPTIONAL = ("namespaces", "cgroup", "seatbelt")
"""What may be required beside the layers that Linux always has."""

DEFAULT = ("seatbelt",) if sys.platform == "darwin" else REQUIRED


class SandboxExecutor(RemoteBox):
    """Runs snippets in a locked-down process.

    `memory_mb`, `cpu_seconds`, `max_processes` (threads), `disk_mb` and `max_files` (of the work folder) limit it.
    `readable_paths` and `writable_paths` are more paths that it may use (`paths.py` says which are refused).
    `preload` names modules to import once, before any worker is forked. `packages` are requirements ("numpy>=2")
    that are installed once, before the first start, for all boxes that ask for the same; `progress` is told how
    that goes. `site_packages` are more folders of packages, and `python` is another interpreter, 3.9 or later;
    without them a worker has what is installed here. `network` lists hosts ("pypi.org", "10.0.0.7:8080") to be
    reached by HTTP and HTTPS, through a proxy that this process runs. `subprocesses` lets snippets start programs:
    `max_processes` limits how many, the other limits hold for each. `require` names the layers without which it
    doesn't start.
    Other options: see `RemoteBox`.

    Raises `ValueError` for an option that makes no sense.
    """

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        *,
        memory_mb: int = 1_024,
        cpu_seconds: int = 600,
        max_processes: int = 64,
        max_files: int = 1_000,
        disk_mb: int = 64,
        readable_paths: Iterable[str] = (),
        writable_paths: Iterable[str] = (),
        preload: Iterable[str] = (),
        python: str = sys.executable,
        site_packages: Iterable[str] = (),
        network: Iterable[str] = (),
        subprocesses: bool = False,
        packages: Iterable[str] = (),
        progress: Progress | None = on_stderr,
        require: Iterable[str] = DEFAULT,
        namespaces: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(additional_authorized_imports, **options)
        self._allowed = Limits(memory_mb, cpu_seconds, max_processes, max_files, disk_mb)
        _check_limits(self._allowed)
        read = paths.readable_paths(_listed(readable_paths, "readable_paths"))
        write = _listed(writable_paths, "writable_paths")
        interpreter = python_at(python)
        self._shared = Options(
            paths.readable_paths(_listed(site_packages, "site_packages")),
            read,
            paths.writable_paths(write, read, interpreter.readable),
            _listed(preload, "preload"),
            namespaces,
            python,
            Hosts(_listed(network, "network")).entries,
            subprocesses,
        )
        self.packages, self.progress = checked_requirements(packages), progress
        self.require = _listed(require, "require")
        unknown = set(self.require) - {*LAYERS, *OPTIONAL}
        if unknown:
            raise ValueError(f"require names {sorted(unknown)!r}; there is: {', '.join((*OPTIONAL, *LAYERS))}")
        self._worker: Worker | seatbelt.Confined | None = None

    def report(self) -> dict[str, Any]:
        """What was really applied, layer by layer. Starts the box. Raises `BoxError` if it can't be started."""
        self.start()
        worker = self._worker
        return {} if worker is None else dict(worker.report)

    @classmethod
    def check(cls) -> Readiness:
        """Whether this machine gives what the sandbox requires, by starting one."""
        box = cls()
        try:
            report = box.report()
        except BoxError as error:
            return Readiness(False, "it doesn't start here", str(error))
        finally:
            box.cleanup()
        if "seatbelt" in report:
            return Readiness(True, "Seatbelt, by a profile that nobody has tested yet")
        spaces = " ".join(report["namespaces"]) or f"none ({report['refused'] or 'not asked for'})"
        return Readiness(True, f"Landlock {report['landlock']}, seccomp {report['seccomp']}, namespaces: {spaces}")

    def _start(self) -> Channel:
        if sys.platform not in ("linux", "darwin"):
            raise BoxError(f"the sandbox is for Linux, this is {sys.platform!r}: use executor_type='docker'")
        shared = self._shared
        if self.packages:
            folder = site_packages(self.packages, shared.python, self.progress)
            shared = replace(shared, packages=(*shared.packages, str(folder)))
        start = workers.fork if sys.platform == "linux" else seatbelt.Confined
        worker = start(shared, self._allowed)
        channel = PipeChannel(worker.read, worker.write)
        lacking = missing(worker.report, self.require)
        if lacking:
            worker.close()
            channel.close()
            raise BoxError(_refusal(lacking, worker.report))
        self._worker = worker
        return channel

    def _kill(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def _reason(self) -> str:
        worker = self._worker
        if worker is None or worker.reason:
            return "" if worker is None else worker.reason
        if worker.code is None:
            return "it was killed, with the process that all workers are forked from"
        if worker.code >= 0:
            return ended_with(worker.code)
        limit = self._allowed.cpu_seconds
        if worker.code == -signal.SIGKILL and worker.cpu_seconds >= limit - 1:
            return f"it had used its {limit} seconds of processor (cpu_seconds)"
        number = signal.Signals(-worker.code)
        return REASONS.get(number, f"it was ended by {number.name}")

    def reset(self) -> None:
        """Forget everything, for another session: the worker is ended, whatever a snippet has made of it.

        Raises `BoxError` while a snippet runs.
        """
        super().reset()
        self.cleanup()

    def _settings(self) -> dict[str, Any]:
        limits, shared = self._allowed, self._shared
        return {
            **super()._settings(),
            "memory_mb": limits.memory_mb,
            "cpu_seconds": limits.cpu_seconds,
            "max_processes": limits.max_processes,
            "max_files": limits.max_files,
            "disk_mb": limits.disk_mb,
            "readable_paths": shared.readable,
            "writable_paths": shared.writable,
            "python": shared.python,
            "site_packages": shared.packages,
            "network": shared.network,
            "subprocesses": shared.subprocesses,
            "preload": shared.preload,
            "packages": self.packages,
            "progress": self.progress,
            "require": self.require,
            "namespaces": shared.namespaces,
        }


def _listed(words: Iterable[str], name: str) -> tuple[str, ...]:
    if isinstance(words, str):
        raise TypeError(f"{name} must be a list: [{words!r}]")
    return tuple(map(str, words))


def _check_limits(limits: Limits) -> None:
    for name in limits.__slots__:
        value = getattr(limits, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number above 0; it is {value!r}")


def _refusal(lacking: list[str], report: dict[str, Any]) -> str:
    refused = f" Namespaces were refused: {report['refused']}." if report.get("refused") else ""
    return (
        f"the sandbox refuses to start, because this machine doesn't give {', '.join(lacking)}.{refused} "
        "Landlock needs Linux 5.13 or newer with `landlock` in /sys/kernel/security/lsm. Use "
        "executor_type='docker' or 'wasm', or, if you accept less, say what you require: "
        "executor_kwargs={'require': []}."
    )
