# id: 472
# name: descriptors_beside_the_channel
# category: os
# technique: what else is open in this process
# breach: says
# looks_like: a descriptor that is neither a standard stream nor a pipe
# note: for a worker of the sandbox: its zygote's socket, which forks workers and passes descriptors
# baseline: inproc
import os, stat

for fd in range(3, 256):
    try:
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            print('BREACH', fd, oct(os.fstat(fd).st_mode))
    except OSError:
        pass
