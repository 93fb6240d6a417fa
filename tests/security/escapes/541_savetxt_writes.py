# id: 541
# name: savetxt_writes
# category: interpreter
# technique: numpy.savetxt and save write any path
# breach: file
# looks_like: CANARY_FILE is created
# imports: numpy
# baseline: inproc
import numpy as np
np.savetxt(CANARY_FILE, np.zeros(2))
