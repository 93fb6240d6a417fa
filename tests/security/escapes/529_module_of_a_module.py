# id: 529
# name: module_of_a_module
# category: interpreter
# technique: modules that allowed modules hold: random._os, queue.threading, statistics.sys
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import random, queue, statistics
for m, names in ((random, ['_os']), (queue, ['threading', '_os']), (statistics, ['sys'])):
    o = m
    for name in names:
        o = getattr(o, name)
    if hasattr(o, 'system'):
        o.system('echo breach > ' + CANARY_FILE)
