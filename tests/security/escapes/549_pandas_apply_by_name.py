# id: 549
# name: pandas_apply_by_name
# category: interpreter
# technique: DataFrame.agg('name') calls a method by its name
# breach: file
# looks_like: CANARY_FILE is created
# imports: pandas
# baseline: inproc
import pandas as pd
s = pd.Series([1])
print(s.agg('to_csv', 0, CANARY_FILE) if 0 else s.pipe(pd.Series.to_csv, CANARY_FILE))
print(pd.DataFrame({'a': [1]}).apply('to_pickle', path=CANARY_FILE + 'x') if 0 else '')
