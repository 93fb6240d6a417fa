# id: 572
# name: exception_attributes
# category: interpreter
# technique: AttributeError.obj, NameError.name, ImportError: what errors hold
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
try:
    note_store.nothing_of_this_name
except AttributeError as e:
    o = e.obj
    print(o.api_key if hasattr(o, 'api_key') else o)
