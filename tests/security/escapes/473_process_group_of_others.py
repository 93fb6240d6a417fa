# id: 473
# name: process_group_of_others
# category: os
# technique: the process group and the session are somebody else's
# breach: says
# looks_like: a signal to the group reaches others
# baseline: worker
import os
if os.getpgrp() != os.getpid() or os.getsid(0) != os.getpid():
    print('BREACH')
