# id: 437
# name: exit_handlers_that_wait
# category: protocol
# technique: atexit, a thread that is no daemon, SIGTERM ignored
# breach: orphan hang_after
# looks_like: the worker is there after the box was closed
# baseline: worker
import atexit, ctypes, os, signal, threading, time

for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
try:
    os.setsid()
except OSError:
    pass
ctypes.CDLL(None).prctl(15, b'canaryorph', 0, 0, 0)
atexit.register(time.sleep, 25)

def stay():
    ctypes.CDLL(None).prctl(15, b'canaryorph', 0, 0, 0)
    time.sleep(25)

threading.Thread(target=stay).start()
