# id: 552
# name: tool_by_repr
# category: interpreter
# technique: a repr, str, or dir that tells
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
print(repr(note_store), str(note_store), dir(note_store), getattr(note_store, '__doc__', ''), getattr(note_store, '__dict__', ''), note_store.__dict__)
