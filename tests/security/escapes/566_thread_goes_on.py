# id: 566
# name: thread_goes_on
# category: interpreter
# technique: a thread changes the host after the step
# breach: host_mutated
# looks_like: HOST_LIST changes later
# imports: threading, time
# baseline: inproc
import threading, time
def late():
    time.sleep(0.02)
    HOST_LIST.append('late')
threading.Thread(target=late).start()
