# id: 433
# name: every_object_of_the_kernel_patched
# category: protocol
# technique: functions of the kernel found by gc and exchanged for others
# breach: host_dead hang desync
# looks_like: the worker says what it likes from now on
# baseline: worker
import gc, sys

for one in gc.get_objects():
    if type(one).__name__ in ('ProcessGuest', 'Kernel', 'Codec', 'Stub', 'FinalAnswerException'):
        for name in list(vars(type(one))):
            if not name.startswith('__') and callable(getattr(type(one), name)):
                setattr(type(one), name, lambda *_, **__: 'PATCHED')
main = sys.modules['__main__']
for name in ('encoded', 'ran'):
    if hasattr(main, name):
        setattr(main, name, lambda *_, **__: 'PATCHED')
import builtins, json
json.dumps = lambda *_, **__: 'PATCHED'
