# id: 523
# name: metaclass_call
# category: interpreter
# technique: a metaclass whose __call__, __getitem__ or __init_subclass__ is a builtin
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
class M(type):
    __getitem__ = lambda cls, text: exec(text)
class C(metaclass=M): pass
C["open('" + CANARY_FILE + "', 'w').write('x')"]
