# id: 430
# name: value_of_long_broken_text
# category: protocol
# technique: lone surrogates in a long value
# breach: host_dead
# looks_like: UnicodeEncodeError where the host writes its log
# baseline: worker
result = '\ud800' * 5000
