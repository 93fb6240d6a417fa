"""Executes a command with namespaces refused, as Docker's default profile and hardened kernels do.

With REFUSED=mounts they are given, but nothing may be mounted in them, as Ubuntu's AppArmor does.
"""

import ctypes
import errno
import os
import struct
import sys

from actlet.execution.sandbox.seccomp import (
    ALLOW,
    ANY_BIT,
    ARCHITECTURES,
    CHECKED,
    EQUAL,
    LOAD,
    NAMESPACE_FLAGS,
    _argument,
    _fail,
    _line,
    table,
)
from actlet.execution.sandbox.syscalls import MACHINE, NO_NEW_PRIVS, NUMBERS, call, prctl

column = ARCHITECTURES[MACHINE][0]
unshare = (272, 97)[column]
clone = table(CHECKED, column)["clone"]
mount, mount_setattr = (165, 40)[column], 442
mounts = [
    _line(LOAD, 0),
    _line(EQUAL, mount, 0, 1), _fail(errno.EACCES),
    _line(EQUAL, mount_setattr, 0, 1), _fail(errno.EACCES),
    ALLOW,
]  # fmt: skip
namespaces = [
    _line(LOAD, 0),
    _line(EQUAL, unshare, 0, 1), _fail(errno.EPERM),
    _line(EQUAL, 435, 0, 1), _fail(errno.ENOSYS),
    _line(EQUAL, clone, 0, 4), _argument(0), _line(ANY_BIT, NAMESPACE_FLAGS, 0, 1), _fail(errno.EPERM), ALLOW,
    ALLOW,
]  # fmt: skip
lines = mounts if os.environ.get("REFUSED") == "mounts" else namespaces
program = b"".join(lines)
memory = ctypes.create_string_buffer(program, len(program))
prctl(NO_NEW_PRIVS, 1)
call("seccomp", NUMBERS["seccomp"], 1, 0, struct.pack("H6xQ", len(lines), ctypes.addressof(memory)))
os.execv(sys.argv[1], sys.argv[1:])
