# id: 428
# name: text_that_is_none
# category: protocol
# technique: lone surrogates in what is printed
# breach: host_dead
# looks_like: UnicodeEncodeError where the host writes its log
# baseline: credulous
print('before \ud800 after \udfff')
