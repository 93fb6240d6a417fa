# id: 478
# name: terminal_of_the_host
# category: os
# technique: TIOCSTI and /dev/tty, /dev/pts
# breach: says
# looks_like: a terminal is opened
# baseline: inproc
import os

for path in ('/dev/tty', '/dev/ptmx', '/dev/pts/0'):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NOCTTY))
        print('BREACH', path)
    except OSError:
        pass
