# id: 477
# name: set_user_bits_by_every_way
# category: os
# technique: S_ISUID by chmod, fchmod, fchmodat2, and by the mode of a new file
# breach: says
# looks_like: a root-owned file with the set-user bit in WORK_DIR
# root: needed
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
import stat

path = WORK_DIR + '/s'
fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o6777)
os.fchmod(fd, 0o6755)
libc.syscall(452, -100, path.encode(), 0o6755, 0)
state = os.stat(path)
if state.st_mode & (stat.S_ISUID | stat.S_ISGID) and state.st_uid == 0:
    print('BREACH')
os.unlink(path)
