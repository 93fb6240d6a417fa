# id: 548
# name: pandas_eval
# category: interpreter
# technique: pandas.eval and DataFrame.eval
# breach: file
# looks_like: CANARY_FILE is created
# imports: pandas
# baseline: inproc
import pandas as pd
df = pd.DataFrame({'a': [1]})
try:
    df.eval('@pd.io.common.os.system(@cmd)', local_dict={'pd': pd, 'cmd': 'echo breach > ' + CANARY_FILE}, engine='python')
except Exception:
    pd.eval('pd.io.common.os.system(cmd)', local_dict={'pd': pd, 'cmd': 'echo breach > ' + CANARY_FILE}, engine='python', parser='pandas')
