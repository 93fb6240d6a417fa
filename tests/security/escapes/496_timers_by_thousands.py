# id: 496
# name: timers_by_thousands
# category: resource
# technique: timer_create without end: memory of the kernel
# breach: says
# looks_like: 20000 timers, which count against all that this user runs
# baseline: inproc
import ctypes

libc, number, made = ctypes.CDLL(None), ctypes.c_int(), 0
event = (ctypes.c_int * 16)(0, 0, 0, 1)
while made < 20_000 and libc.syscall(222, 1, event, ctypes.byref(number)) == 0:
    made += 1
if made >= 20_000:
    print('BREACH', made)
