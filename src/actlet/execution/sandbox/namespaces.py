"""Namespaces: a world of its own for the zygote, and a smaller one for each worker.

The zygote enters once: its own users (unless it is root), processes, network (none), IPC and names, and a root
folder that holds the paths workers may read and nothing else, all read-only. It is process 1 there, so that the
kernel ends every worker with it. A worker then gets its own processes, and a work folder in memory whose size and
number of files are limited.

This layer is optional: many machines and containers refuse it. Landlock and seccomp hold without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from .syscalls import (
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
    attach,
    call,
    copy_of_mounts,
    mount,
    setns,
    unmount,
    unshare,
)

WORK, TEMPORARY, BOX = "/work", "/tmp", "/box"
"""Where a worker with its own mounts has its work folder and its temporary folder; both are part of `BOX`."""

OWN = NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS


def leave() -> list[str]:
    """Enter new namespaces, whose first process is the next one forked. Returns the names. Raises `OSError`."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        unshare(OWN)
        return ["mount", "pid", "net", "ipc", "uts"]
    unshare(NEWUSER | OWN)
    for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)
    return ["user", "mount", "pid", "net", "ipc", "uts"]


def enter_root(folder: str, readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> None:
    """Make `folder`, which nothing else needs, a new root that has only these paths, and enter it."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    for path in (WORK, TEMPORARY, BOX):
        os.mkdir(folder + path, 0o755)
    for path in _outermost(readable):
        _bind(path, folder, MS_NOSUID | MS_RDONLY)
    for path in (*writable, *devices):
        _bind(path, folder, MS_NOSUID)
    add_mount_flags(folder, MS_NOSUID | MS_RDONLY, recursive=False)
    os.chdir(folder)
    call("pivot_root", NUMBERS["pivot_root"], b".", b".")
    unmount(".")
    os.chdir("/")


def _outermost(paths: Iterable[str]) -> list[str]:
    """The paths that exist and aren't inside another of them; a link keeps its own name."""
    chosen: list[str] = []
    for path in sorted({*paths}, key=len):
        real = os.path.realpath(path)
        inside = any(
            os.path.commonpath((real, os.path.realpath(other))) == os.path.realpath(other) for other in chosen
        )
        if os.path.exists(path) and (not inside or os.path.islink(path)):
            chosen.append(path)
    return chosen


def _bind(path: str, root: str, flags: int) -> None:
    real = os.path.realpath(path)
    target = root + real
    if not os.path.exists(target):
        _make_mount_point(target, os.path.isdir(real))
        mount(real, target, "", MS_BIND | MS_REC)
        add_mount_flags(target, flags)
    if path != real and not os.path.lexists(root + path):
        os.makedirs(os.path.dirname(root + path), 0o755, exist_ok=True)
        os.symlink(real, root + path)


def fork_into_own(own: int) -> int:
    """`os.fork`, the child being process 1 of a new namespace of processes. `own` is open on the caller's."""
    unshare(NEWPID)
    process = os.fork()
    if process:
        setns(own, NEWPID)
    return process


def private_folder(user: int, group: int, disk_mb: int, max_files: int, kept: Iterable[str]) -> None:
    """Mounts of this worker's own: a work folder and a temporary one, which share their limits.

    Those of the paths `kept` that are below one of the two stay visible inside it.
    """
    unshare(NEWNS)
    hidden = [path for path in _outermost(kept) if os.path.realpath(path).startswith((WORK + "/", TEMPORARY + "/"))]
    copies = [(os.path.realpath(path), os.path.isdir(path), copy_of_mounts(path)) for path in hidden]
    inodes = max_files + 5 + sum(path.count("/") for path, _, _ in copies)
    options = f"mode=0700,size={disk_mb}m,nr_inodes={inodes},uid={user},gid={group}"
    mount("tmpfs", BOX, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for path in (WORK, TEMPORARY):
        os.mkdir(BOX + path, 0o700)
        os.chown(BOX + path, user, group)
        mount(BOX + path, path, "", MS_BIND)
    unmount(BOX)
    for path, is_folder, copy in copies:
        _make_mount_point(path, is_folder)
        attach(copy, path)


def _make_mount_point(path: str, is_folder: bool) -> None:
    if is_folder:
        os.makedirs(path, 0o755, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
