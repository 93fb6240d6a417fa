# id: 573
# name: stop_iteration_value
# category: interpreter
# technique: values that exceptions and generators carry
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
def g():
    return (yield)
i = g()
next(i)
try:
    i.send(getattr(note_store, 'api_key', None))
except StopIteration as s:
    print(s.value)
