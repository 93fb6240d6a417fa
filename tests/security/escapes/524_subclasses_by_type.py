# id: 524
# name: subclasses_by_type
# category: interpreter
# technique: type.__subclasses__ called by map
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
for c in list(map(type.__subclasses__, [object]))[0]:
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
