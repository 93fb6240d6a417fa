"""Executes a command on a machine that has no Landlock, as far as the command can tell. Linux only."""

import ctypes
import errno
import os
import struct
import sys

from actlet.execution.sandbox.seccomp import ALLOW, EQUAL, LOAD, _fail, _line
from actlet.execution.sandbox.syscalls import LANDLOCK_CREATE, NO_NEW_PRIVS, NUMBERS, call, prctl

lines = [_line(LOAD, 0), _line(EQUAL, LANDLOCK_CREATE, 0, 1), _fail(errno.ENOSYS), ALLOW]
program = b"".join(lines)
memory = ctypes.create_string_buffer(program, len(program))
prctl(NO_NEW_PRIVS, 1)
call("seccomp", NUMBERS["seccomp"], 1, 0, struct.pack("H6xQ", len(lines), ctypes.addressof(memory)))
os.execv(sys.argv[1], sys.argv[1:])
