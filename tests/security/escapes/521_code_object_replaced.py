# id: 521
# name: code_object_replaced
# category: interpreter
# technique: code.replace and FunctionType from type(f)
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
def f():
    return 'x'
c = f.__code__.replace(co_consts=(None, 'y'))
g = type(f)(f.__code__, {'__builtins__': __builtins__})
(__builtins__['open'] if isinstance(__builtins__, dict) else __builtins__.open)(CANARY_FILE, 'w').write('x')
