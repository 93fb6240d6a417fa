# id: 439
# name: flood_by_every_way_out
# category: protocol
# technique: descriptors 1 and 2, C's streams, sys.stdout and sys.stderr
# breach: bigout host_dead hang
# looks_like: the host keeps all of it
# baseline: credulous
import ctypes, os, sys

libc = ctypes.CDLL(None)
block = b'A' * (1 << 20)
for _ in range(12):
    for fd in (1, 2):
        os.write(fd, block)
    sys.stdout.write(block.decode())
    sys.stderr.write(block.decode())
    libc.printf(b'%s', ctypes.c_char_p(block))
    libc.fflush(None)
