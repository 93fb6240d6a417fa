# id: 558
# name: class_by_type_setattr
# category: interpreter
# technique: type.__setattr__(C, name, value)
# breach: host_mutated
# looks_like: Counter.most_common is another
# baseline: inproc
import collections
type.__setattr__(collections.Counter, 'most_common', lambda self, *a: 'evil')
