# id: 567
# name: weak_reference_callback
# category: interpreter
# technique: a callback that runs in the host at garbage collection
# breach: host_mutated
# looks_like: HOST_LIST changes
# imports: weakref
# baseline: inproc
import weakref
class C: pass
c = C()
r = weakref.ref(c, lambda _: HOST_LIST.append('late'))
del c
