# id: 451
# name: handle_of_a_file
# category: os
# technique: name_to_handle_at on a path outside
# breach: says
# looks_like: the kernel tells a handle of KEEP_FILE
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
handle = ctypes.create_string_buffer((64).to_bytes(4, 'little'), 80)
mount = ctypes.c_int()
if libc.syscall(303, -100, KEEP_FILE.encode(), handle, ctypes.byref(mount), 0) == 0:
    print('BREACH')
