# id: 468
# name: sockets_of_the_kernel
# category: os
# technique: netlink, vsock, packet and crypto sockets
# breach: says
# looks_like: a socket is made
# baseline: inproc
import socket

for family, kind in ((16, 3), (40, 1), (38, 5), (17, 3), (2, 3), (10, 2)):
    try:
        socket.socket(family, kind).close()
    except OSError:
        continue
    print('BREACH', family)
