# id: 568
# name: print_redirected
# category: interpreter
# technique: print(file=...) with a write of one's own; print's own function
# breach: host_mutated
# looks_like: HOST_LIST changes
# baseline: inproc
class F:
    def write(self, t): HOST_LIST.append(t)
print('x', file=F())
