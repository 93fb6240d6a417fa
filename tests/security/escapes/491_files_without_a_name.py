# id: 491
# name: files_without_a_name
# category: resource
# technique: files deleted while they are open
# breach: says
# looks_like: three times the disk limit is taken, and no walk sees it
# baseline: inproc
import os, time

held = []
for number in range(LIM['DISK_MB'] * 3 // 8):
    held.append(open(WORK_DIR + '/u%d' % number, 'wb', 0))
    os.unlink(held[-1].name)
    held[-1].write(b'x' * (8 << 20))
time.sleep(0.5)
print('BREACH', len(held))
