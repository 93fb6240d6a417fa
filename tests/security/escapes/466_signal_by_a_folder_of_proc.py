# id: 466
# name: signal_by_a_folder_of_proc
# category: os
# technique: pidfd_send_signal with a folder of /proc
# breach: victim
# looks_like: victim logs a signal
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
import time

libc.syscall(424, os.open('/proc/%d' % CANARY_PID, os.O_RDONLY | os.O_DIRECTORY), 10, None, 0)
time.sleep(0.3)
