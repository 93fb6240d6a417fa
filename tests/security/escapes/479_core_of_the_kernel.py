# id: 479
# name: core_of_the_kernel
# category: os
# technique: /sys, /proc/sys, /proc/kallsyms, /boot
# breach: says
# looks_like: what the kernel tells of itself and of the machine is read
# baseline: inproc
for path in ('/proc/sys/kernel/random/boot_id', '/proc/kallsyms', '/sys/kernel/notes', '/proc/cmdline', '/proc/mounts'):
    try:
        if open(path, 'rb').read(10):
            print('BREACH', path)
    except OSError:
        pass
