# id: 556
# name: alias_of_an_imported_class
# category: interpreter
# technique: a class of the standard library, changed through a list
# breach: host_mutated
# looks_like: Counter.most_common is another
# baseline: inproc
import collections
for c in [collections.Counter]:
    c.most_common = lambda self, *a: 'evil'
