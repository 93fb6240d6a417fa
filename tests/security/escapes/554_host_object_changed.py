# id: 554
# name: host_object_changed
# category: interpreter
# technique: attributes of a host object, of its class, and by setattr
# breach: host_mutated
# looks_like: HOST_OBJ.value is 2
# baseline: inproc
HOST_OBJ.value = 2
