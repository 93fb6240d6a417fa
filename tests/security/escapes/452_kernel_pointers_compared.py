# id: 452
# name: kernel_pointers_compared
# category: os
# technique: kcmp with another process
# breach: says
# looks_like: the kernel compares
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.syscall(312, os.getpid(), CANARY_PID, 1, 0, 0) >= 0:
    print('BREACH')
