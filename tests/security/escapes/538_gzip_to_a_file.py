# id: 538
# name: gzip_to_a_file
# category: interpreter
# technique: gzip.open
# breach: file
# looks_like: CANARY_FILE is created
# imports: gzip
# baseline: inproc
import gzip
gzip.open(CANARY_FILE, 'w').write(b'x')
