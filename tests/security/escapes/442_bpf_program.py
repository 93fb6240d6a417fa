# id: 442
# name: bpf_program
# category: os
# technique: bpf: a map in the kernel
# breach: says
# looks_like: a map is made
# root: needed
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(321, 0, ctypes.create_string_buffer((2).to_bytes(4, 'little') + (4).to_bytes(4, 'little') * 3, 128), 128) >= 0:
    print('BREACH')
