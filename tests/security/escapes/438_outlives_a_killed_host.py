# id: 438
# name: outlives_a_killed_host
# category: protocol
# technique: the host is killed while this runs
# breach: orphan
# looks_like: the worker lives on without a host
# host: killed
# baseline: worker
import ctypes, os, signal, time

leave, os._exit = os._exit, print
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
ctypes.CDLL(None).prctl(15, b'canaryorph', 0, 0, 0)
for number in (1, 2, 13, 15):
    signal.signal(number, signal.SIG_IGN)
try:
    os.setsid()
except OSError:
    pass
began = time.time()
while time.time() - began < 25:
    time.sleep(0.1)
leave(0)
