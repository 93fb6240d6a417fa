# id: 518
# name: frame_by_await
# category: interpreter
# technique: cr_await, ag_frame of an async generator
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
async def a():
    yield 1
a().ag_frame.f_builtins['open'](CANARY_FILE, 'w').write('x')
