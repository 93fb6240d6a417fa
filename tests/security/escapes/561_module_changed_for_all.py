# id: 561
# name: module_changed_for_all
# category: interpreter
# technique: random.choice = evil, then the host calls it
# breach: host_mutated
# looks_like: random.Random.choice is another
# baseline: inproc
import random
random.Random.choice = lambda self, s: 'evil'
