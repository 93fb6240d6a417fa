# id: 546
# name: pandas_to_csv_writes
# category: interpreter
# technique: DataFrame.to_csv writes any path
# breach: file
# looks_like: CANARY_FILE is created
# imports: pandas
# baseline: inproc
import pandas as pd
pd.DataFrame({'a': [1]}).to_csv(CANARY_FILE)
