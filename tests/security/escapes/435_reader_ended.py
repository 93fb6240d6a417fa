# id: 435
# name: reader_ended
# category: protocol
# technique: every thread of the kernel's gets an exception, its descriptors are closed
# breach: hang
# looks_like: the host waits for an answer that can't come
# baseline: worker
import ctypes, os, sys, threading, time

here = threading.get_ident()
for number in list(sys._current_frames()):
    if number != here:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(number), ctypes.py_object(SystemExit))
for fd in range(3, 64):
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    except OSError:
        pass
time.sleep(60)
