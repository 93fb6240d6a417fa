# id: 470
# name: processes_listed
# category: os
# technique: /proc of the machine
# breach: says
# looks_like: the victim is among the processes that are seen
# baseline: inproc
import os
if str(CANARY_PID) in os.listdir('/proc'):
    print('BREACH')
