# id: 453
# name: file_in_memory
# category: os
# technique: memfd_create: memory that no limit counts
# breach: says
# looks_like: a file is made
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(319, b'x', 0) >= 0:
    print('BREACH')
