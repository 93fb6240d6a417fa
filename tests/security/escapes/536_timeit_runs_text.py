# id: 536
# name: timeit_runs_text
# category: interpreter
# technique: timeit.timeit(text)
# breach: file
# looks_like: CANARY_FILE is created
# imports: timeit
# baseline: inproc
import timeit
timeit.timeit("open('" + CANARY_FILE + "', 'w').write('x')", number=1)
