# id: 564
# name: value_that_hangs
# category: interpreter
# technique: a result whose str never ends
# breach: hang_after host_dead
# looks_like: the host hangs where it shows the value
# baseline: inproc
class H:
    def __str__(self):
        while True: pass
    __repr__ = __str__
result = H()
