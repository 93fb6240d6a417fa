# id: 565
# name: value_that_exits
# category: interpreter
# technique: a result whose str ends the program
# breach: host_dead
# looks_like: the host ends where it shows the value
# baseline: inproc
class H:
    def __str__(self):
        raise SystemExit(0)
    __repr__ = __str__
result = H()
