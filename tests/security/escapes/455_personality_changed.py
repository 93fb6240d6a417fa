# id: 455
# name: personality_changed
# category: os
# technique: personality(ADDR_NO_RANDOMIZE)
# breach: says
# looks_like: the process runs under other rules
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.personality(0x0040000) >= 0:
    print('BREACH')
