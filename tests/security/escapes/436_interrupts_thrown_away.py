# id: 436
# name: interrupts_thrown_away
# category: protocol
# technique: every signal ignored, every exception caught
# breach: hang
# looks_like: the step never ends
# baseline: inproc
import signal, threading, time

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        time.sleep(0.1)
    except BaseException:
        pass
