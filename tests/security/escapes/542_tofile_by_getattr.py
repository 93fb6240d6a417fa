# id: 542
# name: tofile_by_getattr
# category: interpreter
# technique: ndarray.tofile by another name, by map
# breach: file
# looks_like: CANARY_FILE is created
# imports: numpy
# baseline: inproc
import numpy as np
a = np.zeros(3)
list(map(np.ndarray.tofile, [a], [CANARY_FILE]))
