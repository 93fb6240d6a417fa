# id: 503
# name: format_by_map
# category: interpreter
# technique: a bound method passed to map
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
print(list(map('{0.api_key}'.format, [note_store])))
