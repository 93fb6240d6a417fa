# id: 446
# name: environment_of_the_host
# category: os
# technique: /proc/<pid>/environ of the host and of the parent
# breach: env hostmem
# looks_like: CANARY_SECRET reaches the output
# baseline: inproc
import os

for number in (HOST_PID, os.getppid(), 1):
    try:
        print(open('/proc/%d/environ' % number).read())
    except OSError:
        pass
