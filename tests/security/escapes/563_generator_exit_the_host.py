# id: 563
# name: generator_exit_the_host
# category: interpreter
# technique: raise GeneratorExit
# breach: host_dead
# looks_like: the host process ends
# baseline: inproc
raise GeneratorExit()
