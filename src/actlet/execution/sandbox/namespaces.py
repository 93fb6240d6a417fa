"""Namespaces: a world of its own for the zygote, and a smaller one for each worker.

The zygote enters once: its own users (unless it is root), processes, network (none), IPC and names, and a root
folder that holds the paths workers may read and nothing else, all read-only. It is process 1 there, so that the
kernel ends every worker with it. A worker then gets its own processes, and a work folder in memory whose size and
number of files are limited.

What a worker sees doesn't depend on where Python and its packages are: `/tmp` is private even if they lie below it
(they are mounted elsewhere then, with links to them), and the work folder's place is chosen so that none of them
lies there.

This layer is optional: many machines and containers refuse it. Landlock and seccomp hold without it.
"""

from __future__ import annotations

import _socket
import os

from .syscalls import (
    DUMPABLE,
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    NEWIPC,
    NEWNET,
    NEWNS,
    NEWPID,
    NEWUSER,
    NEWUTS,
    NUMBERS,
    add_mount_flags,
    call,
    mount,
    prctl,
    raise_interface,
    setns,
    unmount,
    unshare,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

WORK, TEMPORARY, BOX = "/work", "/tmp", "/box"
"""A worker's private folder is mounted at `BOX`, unless a path that it sees begins so; `WORK` and `TEMPORARY` are
in there, and `TEMPORARY` is a link to that, too."""

MOVED = "-outside"
"""Added to the private folder's name: the place where paths below the machine's `TEMPORARY` are mounted."""

OWN = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS


def leave() -> list[str]:
    """Enter new namespaces, whose first process is the next one forked. Returns the names. Raises `OSError`."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        unshare(OWN)
        return ["mount", "pid", "net", "ipc", "uts"]
    unshare(NEWUSER | OWN)
    _keep_identity(user, group, os.open("/proc", os.O_PATH | os.O_CLOEXEC))
    return ["user", "mount", "pid", "net", "ipc", "uts"]


def own_users(proc: int) -> None:
    """Enter a namespace of users, in which this process is who it was: its limit of processes is its own there.

    `proc` is open on a `/proc`, which the worker's root folder lacks.
    """
    user, group = os.geteuid(), os.getegid()
    prctl(DUMPABLE, 1)  # or its own files there aren't its own
    unshare(NEWUSER)
    _keep_identity(user, group, proc)
    prctl(DUMPABLE, 0)


def _keep_identity(user: int, group: int, proc: int) -> None:
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        descriptor = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        os.write(descriptor, line.encode())
        os.close(descriptor)
    os.close(proc)


def listen_within() -> _socket.socket:
    """A socket that listens on this namespace's own loopback, on a port of the kernel's choice."""
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    raise_interface(b"lo", listener.fileno())
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def enter_root(
    folder: str, readable: Iterable[str], writable: Iterable[str], devices: Iterable[str], shared_memory: bool
) -> Private:
    """Make `folder`, which nothing else needs, a new root that has only these paths, and enter it.

    `shared_memory`: the temporary folder is where processes share memory, too.
    """
    chosen = _outermost(readable)
    private = Private.among([*chosen, *writable])
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    private.fill(folder + private.box, os.geteuid(), os.getegid())
    os.symlink(private.box + TEMPORARY, folder + TEMPORARY)
    if shared_memory:
        os.makedirs(folder + "/dev", 0o755)
        os.symlink(private.box + TEMPORARY, folder + "/dev/shm")
    for path in chosen:
        _bind(path, folder, private, MS_NOSUID | MS_NODEV | MS_RDONLY)
    for path in writable:
        _bind(path, folder, private, MS_NOSUID | MS_NODEV)
    for path in filter(os.path.exists, devices):
        _bind(path, folder, private, MS_NOSUID)
    add_mount_flags(folder, MS_NOSUID | MS_RDONLY, recursive=False)
    os.chdir(folder)
    call("pivot_root", NUMBERS["pivot_root"], b".", b".")
    unmount(".")
    os.chdir("/")
    return private


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths that exist and aren't inside another of them; a link keeps its own name."""
    chosen: dict[str, str] = {}
    for path in sorted({*paths}, key=len):
        real = os.path.realpath(path)
        inside = any(f"{real}/".startswith(other.rstrip("/") + "/") for other in chosen.values())
        if os.path.exists(path) and (not inside or os.path.islink(path)):
            chosen[path] = real
    return list(chosen)


def _bind(path: str, root: str, private: Private, flags: int) -> None:
    real = os.path.realpath(path)
    target = root + private.place(real)
    if not os.path.exists(target):
        _make_mount_point(target, os.path.isdir(real))
        mount(real, target, "", MS_BIND | MS_REC)
        add_mount_flags(target, flags)
    if path != real and not _is_temporary(path) and not os.path.lexists(root + path):
        os.makedirs(os.path.dirname(root + path), 0o755, exist_ok=True)
        os.symlink(real, root + path)


def _is_temporary(path: str) -> bool:
    return path.startswith(TEMPORARY + "/")


class Private:
    """A worker's private folder: where it is mounted, and the links that its `TEMPORARY` has to begin with."""

    def __init__(self, box: str = BOX, links: tuple[tuple[str, str], ...] = ()) -> None:
        self.box, self.links = box, links

    @classmethod
    def among(cls, paths: Iterable[str]) -> Private:
        """The private folder of a worker that sees these paths."""
        both = [(path, os.path.realpath(path)) for path in paths]
        box = BOX
        while any(path.startswith(box) for pair in both for path in pair):
            box += "_"
        bare = cls(box)
        links = [(real, bare.place(real)) for _, real in both if _is_temporary(real)]
        links += [(path, real) for path, real in both if path != real and _is_temporary(path)]
        return cls(box, tuple(links))

    def place(self, real: str) -> str:
        """Where a path of the machine's is mounted."""
        return self.box + MOVED + real if _is_temporary(real) else real

    def mount(self, user: int, group: int, disk_mb: int, max_files: int) -> None:
        """Mount it for the calling process alone, with these limits."""
        unshare(NEWNS)
        inodes = max_files + 3 + sum(path.count("/") for path, _ in self.links)
        options = f"mode=0700,size={disk_mb}m,nr_inodes={inodes},uid={user},gid={group}"
        mount("tmpfs", self.box, "tmpfs", MS_NOSUID | MS_NODEV, options)
        self.fill(self.box, user, group)

    def fill(self, box: str, user: int, group: int) -> None:
        """Make what the private folder, mounted at `box`, holds to begin with."""
        for name in (WORK, TEMPORARY):
            os.makedirs(box + name, 0o700)
            os.chown(box + name, user, group)
        for path, real in self.links:
            os.makedirs(os.path.dirname(box + path), 0o755, exist_ok=True)
            if not os.path.lexists(box + path):
                os.symlink(real, box + path)


def fork_into_own(own: int) -> int:
    """`os.fork`, the child being process 1 of a new namespace of processes. `own` is open on the caller's."""
    unshare(NEWPID)
    process = os.fork()
    if process:
        setns(own, NEWPID)
    return process


def _make_mount_point(path: str, is_folder: bool) -> None:
    if is_folder:
        os.makedirs(path, 0o755, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
