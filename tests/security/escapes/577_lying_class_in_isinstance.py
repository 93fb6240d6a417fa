# id: 577
# name: lying_class_in_isinstance
# category: interpreter
# technique: a class that poses as a host class at every check
# breach: says
# looks_like: isinstance believes it
# scope: evaluator
# baseline: inproc
class L:
    @property
    def __class__(self): return type(HOST_OBJ)
    def describe(self): HOST_LIST.append('x'); return ''
x = L()
if isinstance(x, type(HOST_OBJ)):
    print('BREACH')
result = x
