# id: 555
# name: method_of_a_host_class_changed
# category: interpreter
# technique: type(obj).describe = evil
# breach: host_mutated
# looks_like: HOST_OBJ.describe() is evil
# baseline: inproc
type(HOST_OBJ).describe = lambda self: 'evil'
