# id: 449
# name: mount_by_fsopen
# category: os
# technique: fsopen: the newer way to mount
# breach: says
# looks_like: a file system is opened
# root: needed
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(430, b'tmpfs', 0) >= 0:
    print('BREACH')
