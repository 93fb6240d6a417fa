# id: 467
# name: limits_of_another
# category: os
# technique: prlimit on a process outside
# breach: victim
# looks_like: limits of the victim changed
# baseline: inproc
import resource
resource.prlimit(CANARY_PID, resource.RLIMIT_NOFILE, (64, 64))
