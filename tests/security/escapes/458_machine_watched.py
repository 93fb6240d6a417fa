# id: 458
# name: machine_watched
# category: os
# technique: fanotify
# breach: says
# looks_like: a group is made
# root: needed
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.fanotify_init(0, 0) >= 0:
    print('BREACH')
