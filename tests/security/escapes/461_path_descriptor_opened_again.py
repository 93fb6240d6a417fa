# id: 461
# name: path_descriptor_opened_again
# category: os
# technique: O_PATH, then /proc/self/fd
# breach: secret
# looks_like: text of SECRET_FILE reaches the output
# baseline: inproc
import os

fd = os.open(SECRET_FILE, os.O_PATH)
print(open('/proc/self/fd/%d' % fd).read())
