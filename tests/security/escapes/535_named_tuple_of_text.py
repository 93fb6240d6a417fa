# id: 535
# name: named_tuple_of_text
# category: interpreter
# technique: collections.namedtuple makes source of its field names; typing.NamedTuple
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import collections
class N(str):
    def isidentifier(self): return True
    def __str__(self): return self
    def startswith(self, *a): return False
try:
    collections.namedtuple('T', [N('a=[open("%s", "w").write("x")]' % CANARY_FILE)])
except Exception as e:
    print(e)
(__builtins__['open'] if isinstance(__builtins__, dict) else __builtins__.open)(CANARY_FILE, 'w').write('x')
