# id: 417
# name: table_of_unequal_columns
# category: protocol
# technique: a table whose columns differ in length
# breach: host_dead hang hang_after desync
# looks_like: an exception ends the host
# uses: RESULT_TMPL
# imports: pandas
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


spray(done('["frame", ["steps", 0, 2, 1, null], ["steps", 0, 5, 1, null], [["list", 1], ["list", 1, 2]]]'))
