# id: 456
# name: segments_changed
# category: os
# technique: modify_ldt
# breach: says
# looks_like: the table of segments is read
# machine: x86_64
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(154, 0, ctypes.create_string_buffer(64), 64) >= 0:
    print('BREACH')
