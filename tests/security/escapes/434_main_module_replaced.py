# id: 434
# name: main_module_replaced
# category: protocol
# technique: __main__, builtins and the standard output exchanged
# breach: host_dead hang desync
# looks_like: the worker doesn't answer any more, and the host waits
# baseline: worker
import builtins, sys, types

sys.modules['__main__'] = types.ModuleType('__main__')
builtins.print = builtins.repr = builtins.len = builtins.isinstance = lambda *_, **__: None
sys.stdout = sys.stderr = sys.__stdout__ = None
