# id: 429
# name: value_that_is_no_text
# category: protocol
# technique: lone surrogates in the value
# breach: host_dead
# looks_like: UnicodeEncodeError where the host writes its log
# baseline: credulous
result = 'a \udcff b'
