# id: 457
# name: folder_watched
# category: os
# technique: inotify on a folder outside
# breach: says
# looks_like: what happens in OUTSIDE_DIR is told
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if libc.inotify_add_watch(libc.inotify_init1(0), OUTSIDE_DIR.encode(), 0xfff) > 0:
    print('BREACH')
