# id: 445
# name: root_of_another_process
# category: os
# technique: /proc/<pid>/root
# breach: secret
# looks_like: text of SECRET_FILE reaches the output
# baseline: inproc
print(open('/proc/%d/root%s' % (CANARY_PID, SECRET_FILE)).read())
