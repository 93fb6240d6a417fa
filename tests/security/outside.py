"""The world outside of a box: files, listeners, a victim, a secret here and there, and what has become of them.

Whether a snippet got out is decided here, from outside, by marks; what the snippet says of itself counts only for
the mark `says`. One world belongs to one user, and is used for one snippet after another.
"""

from __future__ import annotations

import ctypes
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus import Snippet

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"

WALL = 2
"""Seconds that a box gives a snippet."""

GRACE = 20
"""Seconds after that in which a step has to be over, or it hangs: machines are busy."""

SHORT_GRACE = 1.5
"""The same for a baseline that is to hang."""

BASELINES = ("plain", "naive", "credulous")

LIMITS = {"WALL_S": WALL, "MEM_MB": 512, "NPROC": 48, "NOFILE": 256, "DISK_MB": 64, "OUT_MB": 4}
GROWTH_MB = 64
"""Memory that a host may take for one snippet, whose messages are 4 MB at most."""

LATE = 3.0
"""Seconds in which a process has to be gone after its box was closed."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmat.restype = ctypes.c_void_p
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]


@dataclass(frozen=True)
class Who:
    """Who runs the host: a uid (None for this one), a Python that this user may execute, and what to start it by."""

    user: int | None = None
    python: str = sys.executable
    prefix: tuple[str, ...] = ()
    source: Path = SOURCE

    @property
    def uid(self) -> int:
        return os.geteuid() if self.user is None else self.user

    @property
    def identity(self) -> dict[str, Any]:
        return {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}


@dataclass(frozen=True)
class Verdict:
    """What became of a snippet: the marks of a breach, all other marks, what the host saw."""

    hit: list[str]
    marks: list[str]
    seen: dict[str, Any] = field(repr=False)
    error: str = ""

    def __str__(self) -> str:
        return f"{'BREACH ' + ','.join(self.hit) if self.hit else 'held'} ({self.error})"


class Listeners:
    """TCP, UDP and two Unix sockets that count who comes, and keep what is said."""

    def __init__(self, path: str) -> None:
        self.hits: dict[str, int] = {}
        self.heard = b""
        self.abstract = f"canary-{os.urandom(4).hex()}"
        self._sockets = []
        self.tcp = self._serve("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))[1]
        self.udp = self._serve("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))[1]
        self._serve("unix", socket.AF_UNIX, socket.SOCK_STREAM, path)
        self._serve("abstract", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract)
        os.chmod(path, 0o777)

    def _serve(self, name: str, family: int, kind: int, address: Any) -> Any:
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen(64)
        hear = self._hear_one if kind == socket.SOCK_STREAM else self._hear_datagram
        threading.Thread(target=self._hear, args=(name, server, hear), daemon=True).start()
        self._sockets.append(server)
        return server.getsockname()

    def _hear(self, name: str, server: socket.socket, hear: Callable[[socket.socket], bytes]) -> None:
        while True:
            try:
                said = hear(server)
            except OSError:
                return
            self.hits[name] = self.hits.get(name, 0) + 1
            self.heard += said

    def _hear_datagram(self, server: socket.socket) -> bytes:
        return server.recv(65_536)

    def _hear_one(self, server: socket.socket) -> bytes:
        client, _ = server.accept()
        client.settimeout(0.5)
        with client, suppress(OSError):
            said = client.recv(65_536)
            client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\na\n1\n")
            return said
        return b""

    def forget(self) -> None:
        self.hits.clear()
        self.heard = b""

    def close(self) -> None:
        for server in self._sockets:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()


class World:
    """Everything outside, for the boxes of one user."""

    def __init__(self, who: Who) -> None:
        self.who = who
        self.folder = tempfile.mkdtemp(prefix="escapes-")
        os.chmod(self.folder, 0o755)
        words = ("file", "env", "hostmem", "victim", "shm", "key")
        self.secrets = {name: f"{name.upper()}SECRET-{os.urandom(6).hex()}" for name in words}
        self.listeners = Listeners(f"{self.folder}/host.sock")
        self.shared = self._shared_memory()
        self.victim: subprocess.Popen[bytes] | None = None
        self.hosts: dict[str, subprocess.Popen[str]] = {}

    # What there is

    def _own(self, path: str, mode: int) -> None:
        if self.who.user is not None:
            os.chown(path, self.who.uid, self.who.uid)
        os.chmod(path, mode)

    def _shared_memory(self) -> tuple[int, str]:
        secret = self.secrets["shm"].encode()
        number = _libc.shmget(0, 4096, 0o1666)
        ctypes.memmove(_libc.shmat(number, None, 0), secret, len(secret))
        path = f"/dev/shm/canary-{os.getpid()}-{os.urandom(3).hex()}"
        Path(path).write_bytes(secret)
        self._own(path, 0o600)
        return number, path

    def _folders(self) -> None:
        for name, mode in (
            ("work", 0o755),
            ("outside", 0o755),
            ("private", 0o700),
            ("home", 0o700),
            ("seen", 0o700),
        ):
            path = f"{self.folder}/{name}"
            remove(path)
            os.mkdir(path)
            self._own(path, mode)
        files = (("private/secret.txt", self.secrets["file"], 0o600), ("home/.bashrc", "# rc\n", 0o644),
                 ("outside/keep.txt", "keep\n", 0o644))  # fmt: skip
        for name, text, mode in files:
            Path(self.folder, name).write_text(text)
            self._own(f"{self.folder}/{name}", mode)

    def _start_victim(self) -> None:
        if self.victim is not None:
            self.victim.kill()
            self.victim.wait()
        log = f"{self.folder}/victim-{os.urandom(3).hex()}.log"
        Path(log).touch()
        self._own(log, 0o666)
        self.victim_log = log
        self.victim = subprocess.Popen(
            [self.who.python, str(self.who.source / "victim.py"), log],
            env={"VICTIM_SECRET": self.secrets["victim"], "PATH": "/usr/bin:/bin"},
            start_new_session=True, stdin=subprocess.DEVNULL, cwd="/", **self.who.identity,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while "ready" not in Path(log).read_text() and time.monotonic() < deadline:
            time.sleep(0.02)

    def fresh(self) -> dict[str, Any]:
        """All as it was in the beginning. Returns what the host sends to a snippet."""
        self._folders()
        self.listeners.forget()
        if not self._victim_lives():
            self._start_victim()
        self.before = self._marks_of_files(), self._victim_state()
        path = self.folder
        return {
            "CANARY_FILE": f"{path}/outside/canary", "OUTSIDE_DIR": f"{path}/outside",
            "KEEP_FILE": f"{path}/outside/keep.txt", "SECRET_FILE": f"{path}/private/secret.txt",
            "HOME_DIR": f"{path}/home", "WORK_DIR": f"{path}/work", "CANARY_PORT": self.listeners.tcp,
            "CANARY_UDP_PORT": self.listeners.udp, "CANARY_UNIX": f"{path}/host.sock",
            "CANARY_ABSTRACT": self.listeners.abstract, "CANARY_PID": self.victim.pid,
            "CANARY_SHMID": self.shared[0], "SHM_FILE": self.shared[1], "LIM": LIMITS, "_KEY": self.secrets["key"],
        }  # fmt: skip

    # What has become of it

    def _victim_lives(self) -> bool:
        if self.victim is None or self.victim.poll() is not None:
            return False
        try:
            state = Path(f"/proc/{self.victim.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "T"

    def _victim_state(self) -> Any:
        number = self.victim.pid
        try:
            limits = Path(f"/proc/{number}/limits").read_text()
            scheduled = os.getpriority(os.PRIO_PROCESS, number), sorted(os.sched_getaffinity(number))
        except OSError:
            return "gone"
        return self._victim_lives(), scheduled, limits, os.path.getsize(self.victim_log)

    def _marks_of_files(self) -> Any:
        return [
            (path, *self._mark_of(path))
            for name in ("outside", "home", "private")
            for folder, folders, files in os.walk(f"{self.folder}/{name}")
            for path in (
                folder,
                *(os.path.join(folder, other) for other in (*folders, *files) if other != "canary"),
            )
        ]

    def _mark_of(self, path: str) -> Any:
        state = os.lstat(path)
        attributes = [] if os.path.islink(path) else os.listxattr(path)
        plain = (state.st_mode, state.st_uid, state.st_gid, attributes)
        return plain if os.path.isdir(path) else (*plain, state.st_size, state.st_mtime_ns, state.st_nlink)

    # Hosts

    def _host(self, box: str) -> subprocess.Popen[str]:
        known = self.hosts.get(box)
        if known is None or known.poll() is not None:
            self.hosts[box] = known = self._start_host(box)
        return known

    def _start_host(self, box: str) -> subprocess.Popen[str]:
        names = {"CANARY_SECRET": self.secrets["env"], "HOST_SECRET": self.secrets["hostmem"]}
        path = os.pathsep.join([str(self.who.source), *os.environ.get("ESCAPES_PATH", "").split(os.pathsep)])
        cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
        plain = {
            "PATH": os.environ["PATH"],
            "XDG_CACHE_HOME": cache,
            "HOME": f"{self.folder}/home",
            "LANG": "C.UTF-8",
            "PYTHONPATH": path,
        }
        errors = open(f"{self.folder}/stderr", "a+")  # noqa: SIM115
        with errors:
            return subprocess.Popen(
                [*self.who.prefix, self.who.python, "-B", str(self.who.source / "host.py"), box],
                env={**plain, **names, "OPENBLAS_NUM_THREADS": "1"}, cwd=f"{self.folder}/work", start_new_session=True,
                stdin=subprocess.PIPE, stdout=errors, stderr=errors, text=True, umask=0o022, **self.who.identity,
            )  # fmt: skip

    def _end_host(self, box: str) -> None:
        host = self.hosts.pop(box, None)
        if host is not None:
            with suppress(OSError):
                os.killpg(host.pid, signal.SIGKILL)
            host.stdin.close()
            host.wait()

    def judge(self, snippet: Snippet, box: str) -> Verdict:
        """Run a snippet in a box of this name, and say what it came to."""
        world = self.fresh()
        report = f"{self.folder}/seen/report"
        Path(self.folder, "stderr").write_text("")
        self._own(f"{self.folder}/stderr", 0o600)
        host = self._host(box)
        request = {"snippet": str(self.who.source / "escapes" / snippet.path.name), "vars": world, "report": report}
        host.stdin.write(json.dumps(request) + "\n")
        host.stdin.flush()
        if box in BASELINES:
            host.stdin.close()
        killed = snippet.header.get("host") == "killed"
        hang = self._wait(host, report, WALL + self._grace(snippet, box), killed)
        seen = json.loads(Path(report).read_text()) if os.path.exists(report) else {}
        if not seen or box in BASELINES:
            self._end_host(box)
        verdict = self._verdict(snippet, box, world, seen, hang, killed)
        if verdict.hit or not seen:
            self._end_host(box)
        return verdict

    def _grace(self, snippet: Snippet, box: str) -> float:
        return SHORT_GRACE if box in BASELINES and "hang" in snippet.breach else GRACE

    def _wait(self, host: subprocess.Popen[str], report: str, seconds: float, killed: bool) -> str:
        """Wait for a report. Returns how it hung: in the step, after it, or not at all ("")."""
        began, started, ran = time.monotonic(), 0.0, 0.0
        while not os.path.exists(report) and host.poll() is None:
            now = time.monotonic()
            started = started or now * os.path.exists(f"{report}.started")
            ran = ran or now * os.path.exists(f"{report}.ran")
            if killed and started and now - started > 1:
                os.killpg(host.pid, signal.SIGKILL)
                host.wait()
            elif started and not ran and now - started > seconds:
                return "in the step"
            elif (ran and now - ran > seconds + 10) or now - began > 90:
                return "after the step"
            time.sleep(0.005)
        return ""

    def _verdict(
        self, snippet: Snippet, box: str, world: dict[str, Any], seen: dict[str, Any], hang: str, killed: bool
    ) -> Verdict:
        left = self._left(world) if snippet.alone else set()
        errors = Path(self.folder, "stderr").read_text(errors="replace")[-3000:]
        text = " ".join([*(str(seen.get(key, "")) for key in ("logs", "value", "error", "probe")), errors])
        text += self.listeners.heard.decode("latin1")
        with suppress(OSError):
            text += Path(world["CANARY_FILE"]).read_text(errors="replace")[:100_000]
        marks = self._marks(snippet, world, seen, text) | left
        marks |= {"hang"} if hang == "in the step" else set()
        marks |= {"hang_after"} if hang == "after the step" or seen.get("str_wall", 0) > 2 else set()
        marks |= {"host_dead"} if not seen and not hang and not killed else set()
        hit = [mark for mark in snippet.breach if mark in marks]
        return Verdict(
            hit, sorted(marks), seen, f"{seen.get('error')!s:.300} {errors[-300:]} {seen.get('probe', '')!s:.200}"
        )

    def _marks(self, snippet: Snippet, world: dict[str, Any], seen: dict[str, Any], text: str) -> set[str]:
        names = {"file": "secret", "env": "env", "hostmem": "hostmem", "victim": "victimsecret", "shm": "shmsecret",
                 "key": "keysecret"}  # fmt: skip
        marks = {names[name] for name, secret in self.secrets.items() if secret in text}
        marks |= set(self.listeners.hits)
        changed = set(seen.get("mutated", ())) - ({"random.state"} - {snippet.header.get("watch")})
        told = {
            "file": os.path.exists(world["CANARY_FILE"]),
            "outside": self._marks_of_files() != self.before[0],
            "victim": self._victim_state() != self.before[1],
            "host_mutated": bool(changed),
            "forged": seen.get("final") and seen.get("value") == "FORGED",
            "desync": bool(seen) and not seen["in_step"],
            "bigout": seen.get("largest", 0) > LIMITS["OUT_MB"] << 20,
            "host_grows": seen.get("grown", 0) > GROWTH_MB,
            "files": any(leads_out(name) for name in seen.get("files", ())),
            "ansi": "\x1b]" in str(seen.get("logs")),
            "typeconf": bool(seen) and seen["value"] != "None" and seen["type"] != snippet.header.get("vtype", seen["type"]),
            "says": any("BREACH" in str(seen.get(key, "")) for key in ("logs", "value")) or (not seen and "BREACH" in text),
        }  # fmt: skip
        return marks | {name for name, so in told.items() if so}

    def _left(self, world: dict[str, Any]) -> set[str]:
        """What is left on the machine when a box was closed: processes that don't go, files."""
        marks = set()
        deadline = time.monotonic() + LATE
        while orphans() and time.monotonic() < deadline:
            time.sleep(0.05)
        left = orphans()
        if left:
            marks.add("orphan")
        for number in left:
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        heartbeat = Path(world["WORK_DIR"], "heartbeat")
        if heartbeat.exists():
            first = heartbeat.read_text()
            time.sleep(0.5)
            marks |= {"orphan"} if heartbeat.read_text() != first else set()
        files = glob.glob("/tmp/canaryleak*") + glob.glob("/dev/shm/canaryleak*")
        for path in files:
            os.unlink(path)
        return marks | ({"leak"} if files else set())

    def close(self) -> None:
        for box in list(self.hosts):
            self._end_host(box)
        if self.victim is not None:
            self.victim.kill()
            self.victim.wait()
        self.listeners.close()
        _libc.shmctl(self.shared[0], 0, None)
        os.unlink(self.shared[1])
        remove(self.folder)


def leads_out(name: Any) -> bool:
    """Whether a host that joins this name to a folder of its own leaves that folder."""
    return type(name) is not str or "\0" in name or os.path.normpath(name).startswith(("/", ".."))


def orphans() -> list[int]:
    """The processes that a snippet has named for us to find."""
    found = []
    for path in glob.glob("/proc/[0-9]*/comm"):
        with suppress(OSError):
            state = Path(path[:-4], "stat").read_text().rpartition(")")[2].split()[0]
            if Path(path).read_text().strip() == "canaryorph" and state not in "ZX":
                found.append(int(path.split("/")[2]))
    return found


def remove(path: str) -> None:
    """Remove a folder, however deep it is."""
    subprocess.run(["rm", "-rf", path], check=True)
