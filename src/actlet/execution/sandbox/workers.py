"""The host's side of the zygotes: one for each process and set of options, started when first needed.

`fork` gives a locked-down worker: the ends of its channel, and a pidfd to end it with. A zygote that died is
started again. Nothing that a worker says is read here but its first status line, written before it runs anything.
"""

from __future__ import annotations

import array
import atexit
import errno
import marshal
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
from ast import literal_eval
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from weakref import WeakSet

from ...errors import BoxError
from ..kernel import tree_of
from . import folders, groups
from .proxy import Proxy
from .pythons import python_at

ATTEMPTS = 4
"""How often a worker is tried to be had, where workers or zygotes die on the way."""

MOST_WORKERS = 1_000
"""Of one zygote, then another one is started: its workers have their memory at the same addresses."""

START_SECONDS = 30
"""How long a zygote may take to start, and a worker to lock itself down."""

PACKET = 1 << 17

PLAIN = 2
"""The version of marshal that every Python reads."""

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
    "USER": "worker",
    "LOGNAME": "worker",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that a worker's environment holds, beside `HOME`, its work folder."""

SYSTEM = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/share",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
)
"""What Python and its libraries read of the system."""

CERTIFICATES = (
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/ca-certificates",
    "/usr/local/share/ca-certificates",
)
"""What encrypted connections need to know whom to trust."""

PROGRAMS = ("/usr/bin", "/bin", "/usr/local/bin", "/usr/libexec", "/etc/alternatives")
"""What subprocesses run."""

PROXY_NAMES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
"""The variables by which programs find a proxy."""

HERE = os.path.dirname(os.path.abspath(__file__))
KERNEL = os.path.join(os.path.dirname(HERE), "kernel.py")

BOOT = (
    "import sys;p=type(sys)('sandbox');p.__path__=[sys.argv[3]];sys.modules['sandbox']=p;"
    "from sandbox.zygote import main;main()"
)

FIRST_USER, USERS = 61_184, 4_335
"""The uids that systemd keeps for services that come and go: nothing else is theirs."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the workers of one zygote have in common. `packages` are folders of packages beside Python's own."""

    packages: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    namespaces: bool = True
    python: str = sys.executable
    network: tuple[str, ...] = ()
    subprocesses: bool = False
    program: str = KERNEL

    def read(self) -> list[str]:
        """Every path that a worker may read."""
        given = [*self.packages, *self.readable, os.path.dirname(self.program)]
        more = [*CERTIFICATES] if self.network else []
        if self.subprocesses:
            more += [*PROGRAMS, *python_at(self.python).programs]
        return [*SYSTEM, *python_at(self.python).readable, *given, *more]

    def lacking(self, namespaces: list[str]) -> str:
        """What these options need and a zygote in these namespaces doesn't give, with the remedy, or ""."""
        for asked, name, word in ((self.network, "net", "network"), (self.subprocesses, "pid", "subprocesses")):
            if asked and name not in namespaces:
                return (
                    f"{word}={asked!r} needs a {name} namespace, without which it can't be confined, and there is "
                    "none here: allow unprivileged user namespaces, or use executor_type='docker'"
                )
        return ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use: megabytes, seconds, numbers."""

    memory_mb: int = 1_024
    cpu_seconds: int = 600
    max_processes: int = 64
    max_files: int = 1_000
    disk_mb: int = 64


class Lines:
    """The lines of a pipe."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.rest = b""

    def next(self, seconds: float) -> bytes | None:
        """One line; None when the pipe closes, or the time is over, first."""
        while b"\n" not in self.rest:
            data = os.read(self.descriptor, 65_536) if _wait(self.descriptor, seconds) else b""
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line


def _wait(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read; for a pidfd, until its process has ended. False if it takes longer."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1_000))


@dataclass(slots=True, eq=False, weakref_slot=True)
class Worker:
    """A worker process: the host's ends of its channel (the caller's to close), a pidfd to end it with, a pipe that
    tells how it ended, its report, its folder on the host's disk and its control group if it has them, and why it
    ended, where that is known."""

    read: int
    write: int
    pidfd: int
    status: Lines
    report: dict[str, Any]
    folder: str | None
    group: groups.Group | None = None
    reason: str = ""
    code: int | None = None
    cpu_seconds: float = 0.0
    _closing: threading.Lock = field(default_factory=threading.Lock)

    def kill(self) -> None:
        """End the worker, and whatever it has started, with one signal. It may have ended already."""
        with suppress(ProcessLookupError, OSError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def end(self, reason: str) -> None:
        """Kill the worker, and say why."""
        self.reason = self.reason or reason
        self.kill()

    def ended(self, seconds: float) -> int | None:
        """The worker's exit code (minus the signal that ended it), or None if it can't be had in this time."""
        if self.code is None and self.pidfd >= 0:
            line = self.status.next(seconds)
            if line is not None:
                self.code, self.cpu_seconds = _told(line)["ended"]
        return self.code

    def close(self) -> None:
        """Kill the worker and give back everything of it but its channel. May be called more than once."""
        with self._closing:
            if self.pidfd < 0:
                return
            self.kill()
            if self.ended(START_SECONDS) is None:
                self.reason = self.reason or "the process that it was forked from has ended, and took it along"
            _wait(self.pidfd, START_SECONDS)  # its zygote may have died, too, and told nothing
            os.close(self.pidfd)
            os.close(self.status.descriptor)
            self.pidfd = -1
        if self.group is not None:
            if self.group.ran_out():
                self.reason = self.reason or "it took more memory than memory_mb allows"
            self.group.remove()
        if self.folder is not None:
            folders.unwatch(self.folder)
            folders.remove(self.folder)


class Zygote:
    """One zygote, seen from the host."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.folder = folders.make()
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(START_SECONDS)
        self.lock = threading.Lock()
        self.forked = 0
        self.workers: WeakSet[Worker] = WeakSet()
        self.gives_users = False
        self.complaint = ""
        self.proxy: Proxy | None = None
        self.said: dict[str, Any] = {}
        with theirs:
            self.process = _execute(options.python, theirs.fileno())

    def start(self) -> None:
        """Have it get ready. Raises `BoxError` if it can't."""
        try:
            self.control.send(marshal.dumps(self._setup(), PLAIN))
            said, given, _, _ = socket.recv_fds(self.control, PACKET, 1)
            self.said = _told(said)
            if given:
                self.proxy = Proxy(socket.socket(fileno=given[0]), self.options.network)
        except (OSError, ValueError, SyntaxError) as error:
            self.close()
            raise BoxError(f"the sandbox's zygote could not be started: {self.complaint or error}") from error

    def _setup(self) -> dict[str, Any]:
        options = self.options
        return {
            "folder": self.folder,
            "sys_path": [*options.packages, *python_at(options.python).packages],
            "readable": options.read(),
            "writable": options.writable,
            "preload": options.preload,
            "namespaces": options.namespaces,
            "network": PROXY_NAMES if options.network else (),
            "subprocesses": options.subprocesses,
            "program": options.program,
        }

    def request(self, asked: dict[str, Any], descriptors: list[int]) -> int:
        """Have a worker forked that gets these descriptors. Returns its pidfd. Raises `OSError`.

        A zygote that doesn't answer is ended: nobody could tell its answers apart any more.
        """
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with self.lock:
            try:
                self.control.sendmsg([marshal.dumps(asked, PLAIN)], ancillary)
                reply, given, _, _ = socket.recv_fds(self.control, PACKET, 1)
            except TimeoutError:
                self.end()
                raise
            except OSError:
                reply = b""
            if not reply:
                self.end()
                raise ConnectionResetError("it was killed, with the process that all workers are forked from")
        if not given:
            raise OSError(errno.EMFILE, "this process has too many open files for one more worker")
        self.forked += 1
        os.set_inheritable(given[0], False)
        return given[0]

    def idle(self) -> bool:
        """Whether none of its workers is left."""
        return all(worker.pidfd < 0 for worker in list(self.workers))

    def end(self) -> None:
        """Kill the zygote, and with it its workers. Whoever waits for an answer of it is told."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the zygote, and give back everything of it."""
        if self.proxy is not None:
            self.proxy.close()
        self.end()
        with self.lock:
            self.control.close()
        if self.process.stderr is not None and not self.process.stderr.closed:
            os.set_blocking(self.process.stderr.fileno(), False)
            self.complaint = (self.process.stderr.read() or b"").decode(errors="replace").strip()[-500:]
            self.process.stderr.close()
        folders.remove(self.folder)


def _execute(python: str, control: int) -> subprocess.Popen[bytes]:
    host = os.pidfd_open(os.getpid())
    try:
        return subprocess.Popen(
            [python, "-I", "-S", "-c", BOOT, str(control), str(host), HERE],
            env={**ENVIRONMENT, "PATH": f"{os.path.dirname(os.path.abspath(python))}:{ENVIRONMENT['PATH']}"},
            pass_fds=(control, host),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(host)


_zygotes: dict[Options, Zygote] = {}
_retired: list[Zygote] = []
"""Those that fork no more, but have workers."""

_lock = threading.Lock()


def zygote(options: Options) -> Zygote:
    """This process's zygote with these options, alive. A forked process starts its own."""
    with _lock:
        _close_idle()
        known = _zygotes.get(options)
        if known is not None and known.process.poll() is not None:
            known.close()
        elif known is not None and known.forked < MOST_WORKERS:
            return known
        elif known is not None:
            _retired.append(known)
        made = Zygote(options)
        if not _zygotes:
            _begin()  # while its interpreter starts
        _zygotes[options] = made = _started(made)
        return made


def _begin() -> None:
    """Before this process's first zygote."""
    atexit.unregister(close_all)
    atexit.register(close_all)
    folders.sweep()
    groups.sweep()


def _close_idle() -> None:
    for known in [known for known in _retired if known.idle()]:
        known.close()
        _retired.remove(known)


def _forked() -> None:
    """This process is a fork of the one whose zygotes these are: it has none."""
    global _lock
    _lock = threading.Lock()
    for known in (*_zygotes.values(), *_retired):
        known.control.close()
    _zygotes.clear()
    _retired.clear()


os.register_at_fork(after_in_child=_forked)


def _started(made: Zygote) -> Zygote:
    """It, or one without namespaces where those were refused. Raises `BoxError`."""
    options = made.options
    made.start()
    if "refused" in made.said:
        reason = made.said["refused"]
        made.close()
        made = Zygote(replace(options, namespaces=False, network=(), subprocesses=False))
        made.start()
        made.said["refused"] = reason
    if "error" in made.said:
        made.close()
        raise BoxError(f"the sandbox's zygote could not be started: {made.said['error']}")
    lacking = options.lacking(made.said["namespaces"])
    if lacking:
        made.close()
        refused = made.said.get("refused")
        raise BoxError(f"{lacking} (it says: {refused})" if refused else lacking)
    made.gives_users = _gives_users(made)
    return made


def close_all() -> None:
    """End every zygote of this process."""
    with _lock:
        for known in (*_zygotes.values(), *_retired):
            known.close()
        _zygotes.clear()
        _retired.clear()


def fork(options: Options, limits: Limits, skip: tuple[str, ...] = ()) -> Worker:
    """A new worker, locked down. Raises `BoxError` when none can be had.

    One that dies on the way, or whose zygote does, is tried again: by whatever that was, it was not its own doing.
    """
    for _ in range(ATTEMPTS):
        chosen = zygote(options)
        try:
            return _fork(chosen, limits, skip)
        except ConnectionError as error:
            problem: OSError = error
        except OSError as error:
            problem = error
            break
    raise BoxError(f"a sandbox's worker could not be started: {problem}") from problem


def _fork(chosen: Zygote, limits: Limits, skip: tuple[str, ...]) -> Worker:
    user = FIRST_USER + random.randrange(USERS) if chosen.gives_users else None
    in_memory = "mount" in chosen.said["namespaces"] and "folder" not in skip
    folder = None if in_memory else folders.make(os.geteuid() if user is None else user)
    (reads, write), (read, writes), (status, tells) = os.pipe(), os.pipe(), os.pipe()
    given, kept = [reads, writes, tells], [read, write, status]
    group = None if "cgroup" in skip else groups.make(_megabytes(limits), limits.max_processes)
    asked = {**asdict(limits), "user": user, "folder": folder, "skip": skip, "controllers": []}
    try:
        if group is not None:
            asked["controllers"] = group.controllers
            given += group.doors()
        pidfd = chosen.request(asked, given)
    except OSError:
        for descriptor in kept:
            os.close(descriptor)
        if folder is not None:
            folders.remove(folder)
        if group is not None:
            group.remove()
        raise
    finally:
        for descriptor in given:
            os.close(descriptor)
    worker = Worker(read, write, pidfd, Lines(status), {}, folder, group)
    chosen.workers.add(worker)
    line = worker.status.next(START_SECONDS)
    if line is None or b"'ended'" in line[:10]:
        worker.close()
        os.close(read)
        os.close(write)
        raise ConnectionResetError("the worker ended before it was locked down")
    if folder is not None:
        folders.watch(folder, limits.disk_mb, limits.max_files, worker.end)
    worker.report.update(_told(line), refused=chosen.said.get("refused", ""))
    worker.report.update(network=list(chosen.options.network), subprocesses=chosen.options.subprocesses)
    return worker


def _told(line: bytes) -> Any:
    """What a zygote or a worker says, which is a value's `repr`."""
    return literal_eval(tree_of(line.decode(), "<sandbox>", "eval"))


def _megabytes(limits: Limits) -> int:
    """What a worker takes in all: its own memory, and its private folder, which is in memory too."""
    return limits.memory_mb + limits.disk_mb + groups.OVERHEAD_MB


def _gives_users(chosen: Zygote) -> bool:
    """Whether each worker can be a user of its own: for root, if such a user can use what is given to it then.

    Mounts take a path out of the folders that it is in, which needn't be open to anybody then.
    """
    if os.geteuid() != 0 or not _may_become(FIRST_USER + USERS):
        return False
    options, by_itself = chosen.options, "mount" in chosen.said["namespaces"]
    read = [*options.packages, *options.readable] if by_itself else [*options.read(), gettempdir()]
    return all(_open_to_others(path, by_itself) for path in read) and all(
        _open_to_others(path, by_itself, 0o006) for path in options.writable
    )


def _may_become(user: int) -> bool:
    """Whether this user namespace, if we are in one, knows that uid."""
    rows = (map(int, line.split()) for line in Path("/proc/self/uid_map").read_text().splitlines())
    return any(first <= user < first + count for first, _, count in rows)


def _open_to_others(path: str, by_itself: bool, rights: int = 0o004) -> bool:
    """Whether any user has these rights on a path, as far as it exists, and, unless `by_itself`, may get to it."""
    real = Path(path).resolve()
    if not real.exists():
        return True
    wanted = rights | 0o001 if real.is_dir() else rights
    reached = by_itself or all(folder.stat().st_mode & 0o001 for folder in real.parents)
    return reached and real.stat().st_mode & wanted == wanted
