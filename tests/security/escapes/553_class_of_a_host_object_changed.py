# id: 553
# name: class_of_a_host_object_changed
# category: interpreter
# technique: obj.__class__ = another
# breach: host_mutated
# looks_like: HOST_OBJ is of another class
# baseline: inproc
class Evil:
    value = 1
    def describe(self): return 'evil'
HOST_OBJ.__class__ = Evil
