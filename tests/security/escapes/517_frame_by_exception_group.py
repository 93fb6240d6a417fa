# id: 517
# name: frame_by_exception_group
# category: interpreter
# technique: tracebacks inside an exception group
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
try:
    raise ExceptionGroup('g', [ValueError(1)])
except* ValueError as g:
    t = g.__traceback__
t.tb_frame.f_builtins['open'](CANARY_FILE, 'w').write('x')
