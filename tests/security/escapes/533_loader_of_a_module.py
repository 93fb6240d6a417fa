# id: 533
# name: loader_of_a_module
# category: interpreter
# technique: module.__loader__, __spec__
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import math
math.__spec__.loader.__class__ if 0 else 0
import random
random.__loader__.get_data.__globals__['_os'].system('echo breach > ' + CANARY_FILE)
