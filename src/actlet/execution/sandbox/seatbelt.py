"""The sandbox on macOS: the kernel under a profile of Seatbelt, which `sandbox-exec` applies. UNTESTED.

Nobody has run this on a Mac: only the profile's text is tested. It is written after what Apple's own profiles and
other tools do, for the same options as on Linux, and is weaker: memory isn't limited (the system doesn't enforce
its limit), processes are ended as a group, which a subprocess can leave, folders of a host that was killed aren't
swept, and each box starts an interpreter of its own. Use executor_type='docker' for code that you don't trust.

Covered: everything is denied but reading Python and the paths given, writing in the work folder and the paths
given, and, where asked for, starting processes and connecting to the proxy's port.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import suppress
from typing import Any

from ...errors import BoxError
from . import folders
from .proxy import Proxy
from .pythons import python_at
from .workers import ENVIRONMENT, PROXY_NAMES, START_SECONDS, Limits, Options

PROGRAM = "/usr/bin/sandbox-exec"

SYSTEM = ("/usr/lib", "/usr/share", "/System/Library", "/Library/Apple/System", "/private/var/db/timezone")
"""What Python and its libraries read of the system."""

PROGRAMS = ("/bin", "/usr/bin", "/usr/libexec")
"""What subprocesses run."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

LIMITED = (
    "import resource as r, runpy, sys\n"
    "for name, value in zip(('CORE', 'CPU', 'FSIZE', 'NOFILE'), map(int, sys.argv[1:5])):\n"
    "    r.setrlimit(getattr(r, 'RLIMIT_' + name), (value, value))\n"
    "sys.path[-1:] = eval(sys.argv[5]) + sys.path[-1:]\n"
    "kernel = sys.argv[6]; del sys.argv[:6]; runpy.run_path(kernel, run_name='__main__')"
)
"""Runs the kernel with limits of the process and more folders of packages."""


def profile(options: Options, folder: str, port: int | None = None) -> str:
    """The profile for a box with these options, whose private folder this is. `port` is the proxy's."""
    python = python_at(options.python)
    read = [*SYSTEM, *python.readable, *options.packages, *options.readable, os.path.dirname(options.program)]
    run = [options.python, os.path.realpath(options.python)]
    lines = [
        "(version 1)",
        "(deny default)",
        "(allow sysctl-read)",
        "(allow file-read-metadata)",
        "(allow process-info* (target self))",
        "(allow signal (target self))",
        _rule("file-read*", [*read, *python.programs], "subpath"),
        _rule("file-read* file-write-data", DEVICES, "literal"),
        _rule("file-read* file-write*", [folder, *options.writable], "subpath"),
        _rule("process-exec", run, "literal"),
    ]
    if options.subprocesses:
        lines += ["(allow process-fork)", "(allow signal (target children))"]
        lines += [_rule("file-read* process-exec", [*PROGRAMS, *python.programs, folder], "subpath")]
    if port is not None:
        lines += [f'(allow network-outbound (remote ip "localhost:{port}"))']
    return "\n".join(lines) + "\n"


def _rule(operations: str, paths: list[str] | tuple[str, ...], kind: str) -> str:
    """Seatbelt compares real paths; `/tmp` and `/var` are links there."""
    real = dict.fromkeys(os.path.realpath(path) for path in paths)
    return f"(allow {operations} {' '.join(f'({kind} {_quoted(path)})' for path in real)})"


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Confined:
    """A process under a profile: to the box, what a worker is on Linux."""

    def __init__(self, options: Options, limits: Limits) -> None:
        self.reason, self.cpu_seconds = "", 0.0
        self.folder = folders.make(os.geteuid())
        self.proxy: Proxy | None = None
        reads, self.write = os.pipe()
        self.read, writes = os.pipe()
        try:
            self.process = self._execute(options, limits, (reads, writes))
        except OSError as error:
            os.close(self.read)
            os.close(self.write)
            folders.remove(self.folder)
            raise BoxError(f"{PROGRAM} can't be started: {error}. Use executor_type='docker'") from error
        finally:
            os.close(reads)
            os.close(writes)
        folders.watch(self.folder, limits.disk_mb, limits.max_files, self.end)
        self.report: dict[str, Any] = {
            "seatbelt": "profile", "namespaces": [], "cgroup": [], "memory": "not limited",
            "network": list(options.network), "subprocesses": options.subprocesses,
        }  # fmt: skip

    def _execute(self, options: Options, limits: Limits, ends: tuple[int, int]) -> subprocess.Popen[bytes]:
        home, environment, port = os.path.join(self.folder, "work"), dict(ENVIRONMENT), None
        if options.network:
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            self.proxy = Proxy(listener, options.network)
            environment.update(dict.fromkeys(PROXY_NAMES, f"http://127.0.0.1:{port}"))
        values = (0, limits.cpu_seconds, limits.disk_mb << 20, 256)
        arguments = [*map(str, values), repr(options.packages), options.program, *map(str, ends)]
        rules = profile(options, self.folder, port)
        return subprocess.Popen(
            [PROGRAM, "-p", rules, options.python, "-I", "-c", LIMITED, *arguments],
            env={**environment, "HOME": home, "TMPDIR": os.path.join(self.folder, "tmp")},
            cwd=home,
            stdin=subprocess.DEVNULL,
            pass_fds=ends,
            start_new_session=True,
        )

    @property
    def code(self) -> int | None:
        """The exit code (minus the signal that ended it), or None while it runs."""
        return self.process.poll()

    def end(self, reason: str) -> None:
        """Kill the process, and say why."""
        self.reason = self.reason or reason
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process and give back everything of it but its channel. May be called more than once."""
        self.end(self.reason)
        self.process.wait(START_SECONDS)
        if self.proxy is not None:
            self.proxy.close()
        folders.unwatch(self.folder)
        folders.remove(self.folder)
