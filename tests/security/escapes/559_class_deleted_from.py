# id: 559
# name: class_deleted_from
# category: interpreter
# technique: del C.method
# breach: host_mutated
# looks_like: Counter.most_common is gone
# baseline: inproc
import collections
del collections.Counter.most_common
