# id: 575
# name: import_by_datetime
# category: interpreter
# technique: C code that imports for itself
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import datetime
datetime.datetime.strptime.__self__
__import__('os').system('echo breach > ' + CANARY_FILE)
