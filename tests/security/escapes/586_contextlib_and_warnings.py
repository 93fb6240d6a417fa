# id: 586
# name: contextlib_and_warnings
# category: interpreter
# technique: contextlib.redirect_stdout, warnings' module attribute
# breach: file
# looks_like: CANARY_FILE is created
# imports: contextlib
# baseline: inproc
import contextlib
contextlib.os.system('echo breach > ' + CANARY_FILE)
