# id: 462
# name: way_up_by_fchdir
# category: os
# technique: fchdir to the root, then paths from there
# breach: secret
# looks_like: text of SECRET_FILE reaches the output
# baseline: inproc
import os

try:
    os.fchdir(os.open('/', os.O_PATH | os.O_DIRECTORY))
except OSError:
    os.chdir('/')
print(open(SECRET_FILE.lstrip('/')).read())
