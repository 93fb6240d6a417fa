# id: 469
# name: namespace_of_users
# category: os
# technique: unshare(CLONE_NEWUSER)
# breach: says
# looks_like: all capabilities in a namespace of one's own
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.unshare(0x10000000) >= 0:
    print('BREACH')
