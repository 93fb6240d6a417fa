# id: 480
# name: filter_looked_at
# category: os
# technique: ptrace and PTRACE_SECCOMP_GET_FILTER, PR_SET_NO_NEW_PRIVS, PR_SET_PTRACER
# breach: says
# looks_like: a prctl that loosens something is answered
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
for option, value in ((4, 1), (8, 1), (23, 0), (36, 1), (0x59616d61, -1), (41, 0)):
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0 and option != 23:
        print('BREACH', option)
