# id: 534
# name: type_hints_evaluated
# category: interpreter
# technique: typing.get_type_hints evaluates text
# breach: file
# looks_like: CANARY_FILE is created
# imports: typing
# baseline: inproc
import typing
class C:
    x: "__import__('os').system('echo breach > ' + CANARY_FILE)"
try:
    typing.get_type_hints(C, globals())
except TypeError:
    pass
