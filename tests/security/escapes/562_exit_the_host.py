# id: 562
# name: exit_the_host
# category: interpreter
# technique: raise SystemExit, exit(), quit()
# breach: host_dead
# looks_like: the host process ends
# baseline: inproc
print('BREACH')
raise SystemExit(0)
