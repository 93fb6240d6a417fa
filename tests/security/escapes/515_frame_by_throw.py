# id: 515
# name: frame_by_throw
# category: interpreter
# technique: the traceback that athrow and throw give back
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
def g():
    try:
        yield 1
    except ValueError as e:
        yield e.__traceback__.tb_frame.f_builtins
i = g()
next(i)
i.throw(ValueError())['open'](CANARY_FILE, 'w').write('x')
