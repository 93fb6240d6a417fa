# id: 431
# name: error_that_is_no_text
# category: protocol
# technique: lone surrogates in an error
# breach: host_dead
# looks_like: UnicodeEncodeError where the host writes its log
# baseline: worker
raise ValueError('\ud800')
