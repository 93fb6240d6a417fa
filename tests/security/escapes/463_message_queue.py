# id: 463
# name: message_queue
# category: os
# technique: a POSIX message queue
# breach: says
# looks_like: a queue outlives the process
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
name = b'actlet-canary'
if libc.syscall(240, name, os.O_CREAT | os.O_RDWR, 0o600, 0) >= 0:
    libc.syscall(241, name)
    print('BREACH')
