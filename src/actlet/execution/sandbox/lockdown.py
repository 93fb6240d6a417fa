"""What a worker does to itself before it runs anything: layers, each a small function that stands alone.

Order matters: control groups and descriptors first, then limits, namespaces and the user, then no new privileges,
then Landlock (which has to open the paths it allows) and last seccomp (which refuses what the others needed). The
caller must have one thread. What was applied is in the report that `lock` returns; a layer that fails says why
there, and the host decides whether that is enough (`REQUIRED`). Nothing is undone: a process that failed here must
end.
"""

from __future__ import annotations

import _struct as struct
import os
import resource
import sys

from . import landlock, namespaces, seccomp
from .syscalls import (
    CAPBSET_DROP,
    DUMPABLE,
    NO_NEW_PRIVS,
    NUMBERS,
    PDEATHSIG,
    call,
    close_all_but,
    prctl,
    signal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace
    from typing import Any
else:
    SimpleNamespace = type(sys.implementation)

HEADROOM_MB = 768
"""Address space beyond `memory_mb`: stacks of threads and mapped libraries take it without using memory."""

SHARED_USER_PROCESSES = 4_096
"""Threads that all workers of one user namespace may have together: they count as one user there."""

DEVICES = ("/dev/null", "/dev/zero")
RANDOM = ("/dev/urandom", "/dev/random")


class Plan(SimpleNamespace):
    """What to apply. `user` is the uid and gid to become, None to stay; `folder` holds `work` and `tmp` where the
    worker gets no mounts of its own, `private` says where they are if it does; `namespaces` names the zygote's.
    `filter` is seccomp's. `ports` may be connected to. `proc` is open on a `/proc`, for a worker with subprocesses
    that isn't another user. `doors` lead into the worker's control groups, with these `controllers`. `skip` names
    layers that tests leave out."""

    kept: list[int]
    doors: list[int]
    controllers: list[tuple[str, ...]]
    readable: list[str]
    writable: list[str]
    folder: str | None
    private: namespaces.Private
    user: int | None
    namespaces: list[str]
    filter: bytes
    ports: list[int]
    subprocesses: bool
    proc: int
    memory_mb: int
    cpu_seconds: int
    max_processes: int
    max_files: int
    disk_mb: int
    skip: list[str]

    @property
    def home(self) -> tuple[str, str]:
        """The work folder and the temporary folder, as the worker sees them."""
        top = self.private.box if self.folder is None else self.folder
        return top + namespaces.WORK, top + namespaces.TEMPORARY


def enter_groups(plan: Plan) -> list[str]:
    """Go into the control groups that the host has made, all of them. Returns the controllers that hold."""
    held: list[str] = []
    for door, controllers in zip(plan.doors, plan.controllers):  # noqa: B905 - Python 3.9 has no `strict`
        try:
            os.write(door, b"0")
        except OSError:
            return []
        os.close(door)
        held += controllers
    return held


def close_descriptors(plan: Plan) -> str:
    """Leave nothing open but the channel; standard input and outputs are `/dev/null`."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    close_all_but([0, 1, 2, *plan.kept, *([plan.proc] if plan.proc >= 0 else [])])
    return "closed"


def own_session(plan: Plan) -> str:  # noqa: ARG001
    """No terminal, no process group of anybody else's, private files, ordinary signals."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGXFSZ, signal.SIGPIPE):
        ignored = number in (signal.SIGXFSZ, signal.SIGPIPE)  # writing past a limit is an error, not an end
        signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
    return "own"


def limits(plan: Plan) -> dict[str, int]:
    """Limits of the process, only ever lowered: raising them takes a privilege that root may lack."""
    chosen = {
        "CORE": 0,
        "DATA": plan.memory_mb << 20,
        "AS": (plan.memory_mb + HEADROOM_MB) << 20,
        "CPU": plan.cpu_seconds,
        "NOFILE": 256,
        "FSIZE": plan.disk_mb << 20,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "SIGPENDING": 256,
        "NICE": 0,
        "RTPRIO": 0,
    }
    if plan.user is not None:
        chosen["NPROC"] = plan.max_processes
    elif "user" in plan.namespaces:
        chosen["NPROC"] = plan.max_processes if plan.subprocesses else SHARED_USER_PROCESSES
    return {name: _lower(getattr(resource, f"RLIMIT_{name}"), value) for name, value in chosen.items()}


def _lower(kind: int, value: int) -> int:
    hard = resource.getrlimit(kind)[1]
    lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (lowered, lowered))
    return lowered


def own_folder(plan: Plan) -> str:
    """The private work folder: in memory and limited where there are mounts of one's own; then entered."""
    if plan.subprocesses and "user" in plan.namespaces:
        namespaces.own_users(plan.proc)
    if plan.folder is None:
        user, group = (os.geteuid(), os.getegid()) if plan.user is None else (plan.user, plan.user)
        plan.private.mount(user, group, plan.disk_mb, plan.max_files)
    work, temporary = plan.home
    os.chdir(work)
    os.environ.update(HOME=work, TMPDIR=temporary)
    return "tmpfs" if plan.folder is None else plan.folder


def become_nobody(plan: Plan) -> int:
    """Root becomes a user that owns nothing else. Returns the uid."""
    if plan.user is not None:
        os.setgroups([])
        os.setresgid(plan.user, plan.user, plan.user)
        os.setresuid(plan.user, plan.user, plan.user)
    return os.geteuid()


def drop_capabilities(plan: Plan) -> str:  # noqa: ARG001
    """No capability is left, and none can be had again."""
    for number in range(64):
        try:
            prctl(CAPBSET_DROP, number)
        except OSError:
            break  # there are no more of them, or it isn't ours to drop: then there are none to lose
    call("capset", NUMBERS["capset"], struct.pack("=Ii", 0x20080522, 0), bytes(24))
    return "none"


def no_new_privileges(plan: Plan) -> str:  # noqa: ARG001
    """Programs with special bits give nothing, nobody may look into this process, and it ends with the zygote."""
    prctl(NO_NEW_PRIVS, 1)
    prctl(PDEATHSIG, signal.SIGKILL)
    prctl(DUMPABLE, 0)
    return "set"


def confine_files(plan: Plan) -> int:
    """Landlock. Returns its version."""
    reading, writing = (*plan.readable, *RANDOM), (*plan.writable, *plan.home)
    more = landlock.EXECUTE if plan.subprocesses else 0
    allowed = [(reading, landlock.READING | more), (writing, landlock.WRITING | more), (DEVICES, landlock.USING)]
    return landlock.restrict(allowed, plan.ports)


def confine_calls(plan: Plan) -> str:
    """Seccomp."""
    seccomp.restrict(plan.filter, os.getpid())
    return "allow-list"


LAYERS: dict[str, Callable[[Plan], Any]] = {
    "descriptors": close_descriptors,
    "folder": own_folder,
    "session": own_session,
    "limits": limits,
    "user": become_nobody,
    "privileges": no_new_privileges,
    "capabilities": drop_capabilities,
    "landlock": confine_files,
    "seccomp": confine_calls,
}
"""Every layer, in the order in which they are applied."""

REQUIRED = tuple(LAYERS)
"""The layers below which a box refuses to start, unless told otherwise: all but namespaces, which machines may
lack. All of them work wherever Landlock and seccomp do."""


def lock(plan: Plan) -> dict[str, Any]:
    """Apply every layer but `plan.skip`. Returns what came of each: its own word, or `"failed: ..."`."""
    report: dict[str, Any] = {"namespaces": list(plan.namespaces), "cgroup": enter_groups(plan)}
    for name, layer in LAYERS.items():
        if name in plan.skip:
            report[name] = "left out"
            continue
        try:
            report[name] = layer(plan)
        except (OSError, ValueError) as error:
            report[name] = f"failed: {error}"
    return report


def missing(report: dict[str, Any], required: tuple[str, ...]) -> list[str]:
    """The required layers that the report doesn't show as applied, with the reason."""
    words = {name: str(report.get(name, "left out")) for name in required}
    return [f"{name} ({word})" for name, word in words.items() if word.startswith(("failed", "left out", "[]"))]
