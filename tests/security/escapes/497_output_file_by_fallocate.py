# id: 497
# name: output_file_by_fallocate
# category: resource
# technique: fallocate, truncate and a hole of a terabyte
# breach: says
# looks_like: disk is reserved that nobody wrote
# baseline: inproc
import os

fd = os.open(WORK_DIR + '/f', os.O_CREAT | os.O_RDWR)
try:
    os.posix_fallocate(fd, 0, LIM['DISK_MB'] * 3 << 20)
    print('BREACH')
finally:
    os.close(fd)
    os.unlink(WORK_DIR + '/f')
