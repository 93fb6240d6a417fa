# id: 465
# name: signal_to_a_thread_of_another
# category: os
# technique: tgkill and rt_sigqueueinfo
# breach: victim
# looks_like: victim logs a signal
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
import time

libc.syscall(234, CANARY_PID, CANARY_PID, 10)
libc.syscall(200, CANARY_PID, 10)
libc.syscall(129, CANARY_PID, 10, ctypes.create_string_buffer(b'\x0a' + bytes(7) + (-1 & 0xffffffff).to_bytes(4, 'little'), 128))
time.sleep(0.3)
