# id: 460
# name: rename_from_outside
# category: os
# technique: rename across folders, also by renameat2
# breach: outside
# looks_like: KEEP_FILE is gone
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
try:
    os.rename(KEEP_FILE, WORK_DIR + '/moved')
except OSError:
    libc.syscall(316, -100, KEEP_FILE.encode(), -100, b'moved', 2)
