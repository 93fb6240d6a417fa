# id: 512
# name: wraps_and_wrapped
# category: interpreter
# technique: functools.lru_cache(...).__wrapped__.__globals__
# breach: file
# looks_like: CANARY_FILE is created
# imports: functools
# baseline: inproc
import functools
@functools.lru_cache
def f(): pass
f.__wrapped__.__globals__['__builtins__']['open'](CANARY_FILE, 'w').write('x') if isinstance(f.__wrapped__.__globals__['__builtins__'], dict) else f.__wrapped__.__globals__['__builtins__'].open(CANARY_FILE, 'w').write('x')
