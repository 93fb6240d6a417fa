# id: 505
# name: formatter_class
# category: interpreter
# technique: string.Formatter reads attributes itself
# breach: hostmem
# looks_like: a host secret reaches the output
# imports: string
# baseline: inproc
import string
print(string.Formatter().format('{0.api_key}', note_store))
