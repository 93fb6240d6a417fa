# id: 579
# name: base64_of_a_pickle
# category: interpreter
# technique: copyreg, pickle by way of copy.deepcopy and __reduce_ex__
# breach: file
# looks_like: CANARY_FILE is created
# imports: copy
# baseline: inproc
import copy
class R:
    def __reduce_ex__(self, p):
        return (exec, ("open('" + CANARY_FILE + "', 'w').write('x')",))
copy.deepcopy(R())
