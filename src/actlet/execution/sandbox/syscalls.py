"""Calls of the kernel that Python's standard library has no function for, by way of what ctypes is made of.

Rule: one thin function per call, which raises `OSError` with the call's name. What they are for is said elsewhere.
The files of this package that the zygote reads import only each other, not the rest of actlet, and little of the
standard library: every box waits for it. So they do without `typing`, `json` and `signal` (for its enums), and take
the C modules below `ctypes` and `struct`.
"""

from __future__ import annotations

import _ctypes
import _signal  # type: ignore[import-not-found]
import _struct as struct
import os

signal = _signal
"""What the module of this name wraps with enums."""


class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "i"


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "l"


class _Bytes(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "z"


class _Function(_ctypes.CFuncPtr):
    """A function of the C library, which sets errno."""

    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = _Int


class _LongFunction(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = _Long


_LIBRARY = _ctypes.dlopen(None, os.RTLD_LAZY)  # type: ignore[arg-type]
_syscall = _LongFunction(_ctypes.dlsym(_LIBRARY, "syscall"))
_prctl, _unshare, _mount, _umount, _ioctl = (
    _Function(_ctypes.dlsym(_LIBRARY, name)) for name in ("prctl", "unshare", "mount", "umount2", "ioctl")
)

MACHINE = os.uname().machine

NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "seccomp": 317, "setns": 308},
    "aarch64": {"pivot_root": 41, "capset": 91, "seccomp": 277, "setns": 268},
}.get(MACHINE, {})
"""Numbers of the calls that differ between machines; an unknown machine has none."""

CLOSE_RANGE, MOUNT_SETATTR = 436, 442
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000

PDEATHSIG, DUMPABLE, CAPBSET_DROP, NO_NEW_PRIVS = 1, 4, 24, 38

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH, AT_CWD, AT_RECURSIVE = 2, -100, 0x8000


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = _ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def call(name: str, number: int, *arguments: int | bytes | None) -> int:
    """System call `number`. Integers go in as 64 bits, bytes as the address of what they hold, None as none."""
    wide = [_Long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(_syscall(_Long(number), *wide), name)


def address(data: bytes) -> bytes:
    """Where these bytes are, as C writes it, as long as somebody holds them."""
    return bytes(_Bytes(data))


def prctl(option: int, value: int = 0) -> int:
    """Change or ask something about this process."""
    return _checked(_prctl(option, *map(_Long, (value, 0, 0, 0))), f"prctl({option})")


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones."""
    _checked(_unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace that `descriptor` is open on."""
    call("setns", NUMBERS["setns"], descriptor, kind)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Mount a file system."""
    words = [os.fsencode(text) for text in (source, target, kind)]
    _checked(_mount(*words, _Long(flags), options.encode() or None), f"mount {target}")


def add_mount_flags(path: str, flags: int, recursive: bool = True) -> None:
    """Add mount flags, below `path` too. Unlike a remount this keeps those that may not be dropped."""
    attributes = struct.pack("4Q", flags, 0, 0, 0)
    below = AT_RECURSIVE if recursive else 0
    call("mount_setattr", MOUNT_SETATTR, AT_CWD, os.fsencode(path), below, attributes, len(attributes))


def unmount(target: str) -> None:
    """Take a mount out of the tree, and away as soon as nothing uses it."""
    _checked(_umount(os.fsencode(target), MNT_DETACH), f"umount {target}")


def raise_interface(name: bytes, descriptor: int) -> None:
    """Turn on an interface of the network that the socket `descriptor` belongs to."""
    _checked(_ioctl(descriptor, _Long(0x8914), struct.pack("16sH22x", name, 0x41)), "SIOCSIFFLAGS")


def close_all_but(kept: list[int]) -> None:
    """Close every descriptor that isn't in `kept`."""
    low = 0
    for descriptor in [*sorted(set(kept)), 1 << 32]:
        if descriptor > low:
            call("close_range", CLOSE_RANGE, low, min(descriptor - 1, 0xFFFFFFFF), 0)
        low = descriptor + 1
