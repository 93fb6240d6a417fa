# id: 495
# name: pipes_full_of_memory
# category: resource
# technique: pipes, each as large as the kernel allows
# breach: says
# looks_like: memory that belongs to the kernel, beyond the limit of files
# baseline: inproc
import fcntl, os

held = []
for _ in range(LIM['NOFILE'] * 3 // 2):
    read, write = os.pipe()
    os.set_blocking(write, False)
    held.append((read, write, os.write(write, bytes(60_000))))
print('BREACH', len(held))
for read, write, _ in held:
    os.close(read)
    os.close(write)
