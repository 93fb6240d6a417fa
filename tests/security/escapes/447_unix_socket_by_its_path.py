# id: 447
# name: unix_socket_by_its_path
# category: os
# technique: connect to a Unix socket in the file system
# breach: unix
# looks_like: listener gets a connection
# note: Landlock covers this from ABI 9 on only
# baseline: inproc
import socket
socket.socket(socket.AF_UNIX).connect(CANARY_UNIX)
