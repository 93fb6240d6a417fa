# id: 450
# name: mount_tree_copied
# category: os
# technique: open_tree with OPEN_TREE_CLONE
# breach: says
# looks_like: a copy of the mounts is made
# root: needed
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(428, -100, b'/', 1 | os.O_CLOEXEC) >= 0:
    print('BREACH')
