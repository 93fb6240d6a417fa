# id: 441
# name: io_uring
# category: os
# technique: io_uring_setup: a second way to make every call
# breach: says
# looks_like: a ring is made
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0:
    print('BREACH')
