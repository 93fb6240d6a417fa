# id: 448
# name: setns_of_another
# category: os
# technique: setns: into the network of a process outside
# breach: says
# looks_like: setns works
# root: needed
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.setns(os.open('/proc/%d/ns/net' % CANARY_PID, os.O_RDONLY), 0) >= 0:
    print('BREACH')
