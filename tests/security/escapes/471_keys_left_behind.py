# id: 471
# name: keys_left_behind
# category: os
# technique: add_key: memory in the kernel that no limit of the process counts
# breach: says
# looks_like: a key is made
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(248, b'user', b'actlet-left', b'x', 1, -2) >= 0:
    print('BREACH')
