# id: 476
# name: folders_of_others
# category: os
# technique: the temporary folder that all programs share
# breach: says
# looks_like: names of folders of others are seen
# baseline: inproc
import os

for folder in ('/tmp', '/var/tmp', '/dev/shm'):
    try:
        if [name for name in os.listdir(folder) if name.startswith(('actletbox', 'escapes-', 'canary'))]:
            print('BREACH')
    except OSError:
        pass
