# id: 494
# name: memory_by_pieces
# category: resource
# technique: numbers, bytes and maps, each below what is looked at
# breach: says
# looks_like: three times the memory limit is held
# baseline: inproc
import mmap

held = []
for _ in range(LIM['MEM_MB'] * 3 // 16):
    held.append(bytearray(8 << 20))
    held.append(mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE))
    held[-1].write(b'x' * (8 << 20))
print('BREACH', len(held))
