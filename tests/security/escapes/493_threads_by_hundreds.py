# id: 493
# name: threads_by_hundreds
# category: resource
# technique: threads, three times as many as processes are allowed
# breach: says
# looks_like: all of them run
# baseline: inproc
import threading, time

stop = threading.Event()
made = []
try:
    for _ in range(LIM['NPROC'] * 3):
        made.append(threading.Thread(target=stop.wait, daemon=True))
        made[-1].start()
    print('BREACH', len(made))
finally:
    stop.set()
