"""Landlock: which files this process may read and which it may write, whatever their modes say.

Covered, as far as the kernel's version goes (`abi`): reading, writing, making, removing, renaming, truncating,
device controls, TCP, abstract sockets and signals to whoever isn't in the same box. Not covered: what `stat` says
of a path, modes, owners and times (seccomp answers those), descriptors that are open already.
"""

from __future__ import annotations

import _struct as struct
import os

from .syscalls import LANDLOCK_ADD, LANDLOCK_CREATE, LANDLOCK_RESTRICT, NO_NEW_PRIVS, call, prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

EXECUTE, READ_FILE, READ_DIR, WRITE_FILE = 1 << 0, 1 << 2, 1 << 3, 1 << 1
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

READING = READ_FILE | READ_DIR
WRITING = READING | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE | REFER
"""Neither links, nor sockets, pipes and devices can be made: the host would follow or open them."""

USING = READ_FILE | WRITE_FILE
"""What devices are for."""

OF_A_FILE = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV

EVERY_TCP, CONNECT_TCP, EVERY_SCOPE = 0b11, 0b10, 0b11


def abi() -> int:
    """The version of Landlock that this kernel has: 0 for none."""
    try:
        return call("landlock_create_ruleset", LANDLOCK_CREATE, None, 0, 1)
    except OSError:
        return 0


def restrict(allowed: Iterable[tuple[Iterable[str], int]], ports: Iterable[int] = ()) -> int:
    """Confine the calling thread, for good, to these rights on and below paths, and to connecting to `ports`.

    A path that doesn't exist is left out. Returns the ABI. Raises `OSError` where there is no Landlock.
    """
    version = abi()
    if not version:
        raise OSError("Landlock: this kernel has none, or has it turned off")
    rights, attributes = _handled(version)
    ruleset = call("landlock_create_ruleset", LANDLOCK_CREATE, attributes, len(attributes), 0)
    try:
        for paths, access in allowed:
            for path in paths:
                _allow(ruleset, path, access & rights)
        for port in ports if version >= 4 else ():
            call("landlock_add_rule", LANDLOCK_ADD, ruleset, 2, struct.pack("=QQ", CONNECT_TCP, port), 0)
        prctl(NO_NEW_PRIVS, 1)
        call("landlock_restrict_self", LANDLOCK_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _handled(version: int) -> tuple[int, bytes]:
    """The rights on files that this version knows, and everything that is refused unless it is allowed."""
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    words = [rights]
    if version >= 4:
        words.append(EVERY_TCP)
    if version >= 6:
        words.append(EVERY_SCOPE)
    return rights, struct.pack(f"{len(words)}Q", *words)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not os.path.isdir(path):
            access &= OF_A_FILE
        call("landlock_add_rule", LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", access, descriptor), 0)
    finally:
        os.close(descriptor)
