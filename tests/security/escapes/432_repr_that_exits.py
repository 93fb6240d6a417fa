# id: 432
# name: repr_that_exits
# category: protocol
# technique: a value whose repr, str, hash, eq and del end the program
# breach: host_dead hang hang_after desync
# looks_like: the host asks a value of the guest's something
# baseline: inproc
class Final:
    def __getattr__(self, name):
        raise SystemExit(name)
    def __repr__(self):
        raise SystemExit(1)
    __str__ = __hash__ = __len__ = __bool__ = __eq__ = __del__ = __repr__

result = Final()
