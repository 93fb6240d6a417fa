# id: 492
# name: many_files_then_none
# category: resource
# technique: files as large as allowed, one after another
# breach: says
# looks_like: three times the disk limit is taken at one time
# baseline: inproc
import os, time

made = []
try:
    for number in range(6):
        made.append(WORK_DIR + '/m%d' % number)
        with open(made[-1], 'wb') as file:
            file.write(b'x' * (LIM['DISK_MB'] // 2 << 20))
    time.sleep(0.5)
    print('BREACH')
finally:
    for path in made:
        os.unlink(path)
