# id: 440
# name: error_with_a_name_of_megabytes
# category: protocol
# technique: an exception class whose name is 60 MB long
# breach: bigout
# looks_like: the host keeps all of it
# baseline: inproc
raise type('A' * (60 << 20), (Exception,), {})()
