# id: 560
# name: defaults_of_a_function
# category: interpreter
# technique: random.choice.__func__.__defaults__, json.dumps.__kwdefaults__
# breach: host_mutated
# looks_like: defaults of a host's function are others
# baseline: inproc
import collections
collections.Counter.most_common.__defaults__ = (1,)
collections.Counter.most_common = 1
