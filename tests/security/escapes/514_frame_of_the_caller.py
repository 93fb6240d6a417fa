# id: 514
# name: frame_of_the_caller
# category: interpreter
# technique: sys._getframe by a generator's frame and f_back
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
def g():
    yield me.gi_frame.f_back
me = g()
f = next(me)
while f.f_back:
    f = f.f_back
f.f_builtins['open'](CANARY_FILE, 'w').write('x')
