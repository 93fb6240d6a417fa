# id: 498
# name: long_names_and_links
# category: resource
# technique: names of 255 bytes, folders and links by thousands
# breach: says
# looks_like: 10000 entries
# baseline: inproc
import os, time

made = 0
try:
    for number in range(10_000):
        os.mkdir(WORK_DIR + '/' + ('%05d' % number).ljust(250, 'n'))
        made += 1
    time.sleep(0.5)
    print('BREACH', made)
finally:
    for number in range(made):
        os.rmdir(WORK_DIR + '/' + ('%05d' % number).ljust(250, 'n'))
