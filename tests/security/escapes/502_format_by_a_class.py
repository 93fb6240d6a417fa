# id: 502
# name: format_by_a_class
# category: interpreter
# technique: the unbound method, taken from the class by another way
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
f = vars(str)['format'] if 'vars' in dir() or True else None
print(f('{0.api_key}', note_store))
