# id: 543
# name: ndarray_dump
# category: interpreter
# technique: ndarray.dump pickles to a path
# breach: file
# looks_like: CANARY_FILE is created
# imports: numpy
# baseline: inproc
import numpy as np
np.zeros(2).dump(CANARY_FILE)
