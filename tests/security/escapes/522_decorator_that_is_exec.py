# id: 522
# name: decorator_that_is_exec
# category: interpreter
# technique: a decorator calls what it decorates with a function
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
@lambda f: eval("open('" + CANARY_FILE + "', 'w').write('x')")
def f(): pass
