# id: 550
# name: tool_in_a_closure
# category: interpreter
# technique: the cells of a stub
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
print([c.cell_contents for c in (getattr(note_store, '__closure__', None) or ())])
print(note_store.api_key)
