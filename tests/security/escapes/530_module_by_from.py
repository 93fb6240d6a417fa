# id: 530
# name: module_by_from
# category: interpreter
# technique: from random import _os
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
from random import _os
_os.system('echo breach > ' + CANARY_FILE)
