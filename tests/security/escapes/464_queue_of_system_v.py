# id: 464
# name: queue_of_system_v
# category: os
# technique: msgget and semget
# breach: says
# looks_like: an object outlives the process
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
number = libc.msgget(0, 0o600)
if number >= 0:
    libc.msgctl(number, 0, None)
    print('BREACH')
