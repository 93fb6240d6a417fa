# id: 474
# name: user_is_root
# category: os
# technique: geteuid()
# breach: says
# looks_like: root, as far as files and processes are concerned
# root: needed
# baseline: inproc
import os
if os.geteuid() == 0:
    print('BREACH')
