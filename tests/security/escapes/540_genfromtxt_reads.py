# id: 540
# name: genfromtxt_reads
# category: interpreter
# technique: numpy.genfromtxt and loadtxt read any path
# breach: secret
# looks_like: text of SECRET_FILE reaches the output
# imports: numpy
# baseline: inproc
import numpy as np
print(np.genfromtxt(SECRET_FILE, dtype=str))
