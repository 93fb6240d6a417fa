# id: 557
# name: class_by_setattr_in_map
# category: interpreter
# technique: setattr passed to map
# breach: host_mutated
# looks_like: Counter.most_common is another
# baseline: inproc
import collections
list(map(setattr, [collections.Counter], ['most_common'], [lambda self, *a: 'evil']))
