# id: 539
# name: temporary_file_anywhere
# category: interpreter
# technique: tempfile.NamedTemporaryFile(dir=...)
# breach: outside
# looks_like: a file in OUTSIDE_DIR
# imports: tempfile
# baseline: inproc
import tempfile, os.path
tempfile.NamedTemporaryFile(dir=OUTSIDE_DIR, delete=False)
