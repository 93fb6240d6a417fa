# id: 516
# name: frame_by_exit
# category: interpreter
# technique: the traceback given to __exit__
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
class C:
    def __enter__(self): return self
    def __exit__(self, kind, error, trace):
        self.b = trace.tb_frame.f_builtins
        return True
with C() as c:
    1 / 0
c.b['open'](CANARY_FILE, 'w').write('x')
