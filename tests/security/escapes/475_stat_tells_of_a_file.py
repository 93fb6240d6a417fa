# id: 475
# name: stat_tells_of_a_file
# category: os
# technique: stat on a path outside
# breach: says
# looks_like: existence and size of KEEP_FILE are known
# note: no version of Landlock covers stat; mounts do
# baseline: inproc
import os
if os.path.exists(KEEP_FILE) and os.path.getsize(KEEP_FILE) == 5:
    print('BREACH')
