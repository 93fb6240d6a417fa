# id: 454
# name: calls_of_another_machine
# category: os
# technique: int 0x80 from code of our own: other numbers for the same calls
# breach: says
# looks_like: a call of the 32-bit kernel is answered
# machine: x86_64
# baseline: inproc
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
import mmap

code = bytes.fromhex('53 b8 14000000 cd80 5b c3'.replace(' ', ''))
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
memory.write(code)
run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
if run() == os.getpid():
    print('BREACH')
