"""Seccomp: which calls of the kernel this process may make. What isn't listed fails with EPERM.

Rule: the list holds what one process of Python with threads needs, and nothing that makes processes, sockets,
namespaces, mounts, keys or kernel objects of other kinds, or that reaches another process. The filter is classic
BPF, written by hand, for x86-64 and aarch64. Files are Landlock's: paths can't be seen from here.
"""

from __future__ import annotations

import _struct as struct
import errno

from .syscalls import MACHINE, NO_NEW_PRIVS, NUMBERS, address, call, prctl

ALLOWED = """
read 0 63|write 1 64|close 3 57|fstat 5 80|futex 202 98|mmap 9 222|munmap 11 215|mprotect 10 226|brk 12 214
lseek 8 62|newfstatat 262 79|clock_gettime 228 113|poll 7 -|ppoll 271 73|rt_sigaction 13 134
rt_sigprocmask 14 135|rt_sigreturn 15 139|madvise 28 233|getdents64 217 61|epoll_wait 232 -|epoll_pwait 281 22
pread64 17 67|pwrite64 18 68|readv 19 65|writev 20 66|getpid 39 172|gettid 186 178|getppid 110 173
stat 4 -|lstat 6 -|access 21 -|pipe 22 -|select 23 -|sched_yield 24 124|mremap 25 216|msync 26 227|mincore 27 232
dup 32 23|dup2 33 -|pause 34 -|nanosleep 35 101|getitimer 36 102|alarm 37 -|setitimer 38 103|sendfile 40 71
exit 60 93|uname 63 160|flock 73 32|fsync 74 82|fdatasync 75 83|truncate 76 45|ftruncate 77 46|getdents 78 -
getcwd 79 17|chdir 80 49|fchdir 81 50|rename 82 -|mkdir 83 -|rmdir 84 -|unlink 87 -|readlink 89 -
umask 95 166|gettimeofday 96 169|getrlimit 97 163|getrusage 98 165|sysinfo 99 179|times 100 153|getuid 102 174
getgid 104 176|geteuid 107 175|getegid 108 177|getpgrp 111 -|getgroups 115 158|getresuid 118 148
getresgid 120 150|getpgid 121 155|getsid 124 156|rt_sigpending 127 136|rt_sigtimedwait 128 137
rt_sigsuspend 130 133|sigaltstack 131 132|statfs 137 43|fstatfs 138 44|getpriority 140 141
sched_getparam 143 121|sched_getscheduler 145 120|sched_get_priority_max 146 125|sched_get_priority_min 147 126
mlock 149 228|munlock 150 229|arch_prctl 158 -|readahead 187 213|time 201 -|sched_getaffinity 204 123
epoll_create 213 -|set_tid_address 218 96|restart_syscall 219 128|fadvise64 221 223|timer_create 222 107
timer_settime 223 110|timer_gettime 224 108|timer_getoverrun 225 109|timer_delete 226 111|clock_getres 229 114
clock_nanosleep 230 115|exit_group 231 94|epoll_ctl 233 21|waitid 247 95|wait4 61 260|mkdirat 258 34
unlinkat 263 35|renameat 264 38|readlinkat 267 78|faccessat 269 48|pselect6 270 72|set_robust_list 273 99
get_robust_list 274 100|sync_file_range 277 84|timerfd_create 283 85|eventfd 284 -|fallocate 285 47
timerfd_settime 286 86|timerfd_gettime 287 87|eventfd2 290 19|epoll_create1 291 20|dup3 292 24|pipe2 293 59
preadv 295 69|pwritev 296 70|getcpu 309 168|renameat2 316 276|getrandom 318 278|membarrier 324 283
copy_file_range 326 285|preadv2 327 286|pwritev2 328 287|statx 332 291|rseq 334 293|close_range 436 436
sendto 44 206|recvfrom 45 207|sendmsg 46 211|recvmsg 47 212|shutdown 48 210|setsockopt 54 208|getsockopt 55 209
"""
"""Each with its number on x86-64 and on aarch64. The most frequent come first: the filter is read from its top."""

ABSENT = "clone3 435 435|openat2 437 437|faccessat2 439 439|futex_waitv 449 449"
"""Calls whose arguments a filter can't see: told "not in this kernel", libraries use older ones."""

PRETENDED = """
chmod 90 -|fchmod 91 52|fchmodat 268 53|fchmodat2 452 452|utime 132 -|utimes 235 -|futimesat 261 -|utimensat 280 88
chown 92 -|fchown 93 55|lchown 94 -|fchownat 260 54
"""
"""Modes, owners and times are not Landlock's: these do nothing and say all is well, so that copying works."""

UNSUPPORTED = """
setxattr 188 5|lsetxattr 189 6|fsetxattr 190 7|getxattr 191 8|lgetxattr 192 9|fgetxattr 193 10|listxattr 194 11
llistxattr 195 12|flistxattr 196 13|removexattr 197 14|lremovexattr 198 15|fremovexattr 199 16
"""
"""Extended attributes: "not on this file system", which `shutil.copy2` takes for an answer."""

CHECKED = """
clone 56 220|socketpair 53 199|ioctl 16 29|prctl 157 167|fcntl 72 25|prlimit64 302 261|kill 62 129|tgkill 234 131
socket 41 198|openat 257 56|open 2 -|creat 85 -
"""
"""Calls that are allowed with some arguments only."""

NETWORK = "connect 42 203|getsockname 51 204|getpeername 52 205"
"""For a box with a network. What can be reached is up to Landlock and to the network's namespace."""

PROCESSES = """
fork 57 -|vfork 58 -|execve 59 221|setpgid 109 154|setsid 112 157|tkill 200 130|link 86 -|linkat 265 37
"""
"""For a box with subprocesses. Whom they can signal is up to their namespace; semaphores are made by linking."""

TERMINAL_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""

HARMLESS_PRCTLS = (3, 15, 16, 0x53564D41)
"""PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA."""

SIGNALLING_FCNTLS = (8, 10, 15, 1024, 1026)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY: each has the kernel send signals."""

SPECIAL_MODES = 0o6000
"""S_ISUID and S_ISGID."""

THREAD_FLAGS, NAMESPACE_FLAGS, AF_UNIX, INTERNET = 0x10000, 0x7E020000, 1, (2, 10)
NOT_A_STREAM = 0xFFF7F7FE
"""What the kind of a socket holds but for SOCK_STREAM, SOCK_CLOEXEC and SOCK_NONBLOCK."""

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of the tables above, and the kernel's word for the machine."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

Program = list[bytes]


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value & 0xFFFFFFFF)


def _fail(number: int) -> bytes:
    return _line(RETURN, 0x00050000 | number)


ALLOW, REFUSE, KILL = _line(RETURN, 0x7FFF0000), _fail(errno.EPERM), _line(RETURN, 0x80000000)


def _argument(index: int, high: bool = False) -> bytes:
    return _line(LOAD, 16 + 8 * index + 4 * high)


def _one_of(index: int, values: tuple[int, ...], then: bytes, otherwise: bytes) -> Program:
    tests = [part for value in values for part in (_line(EQUAL, value, 0, 1), then)]
    return [_argument(index), *tests, otherwise]


def _checks(process: int, network: bool, subprocesses: bool) -> dict[str, Program]:
    """For each call of `CHECKED`, the lines that decide. Without subprocesses, `process` alone may be signalled."""
    signals = [ALLOW] if subprocesses else _one_of(0, (process,), ALLOW, REFUSE)
    clones = [ALLOW] if subprocesses else [_line(ANY_BIT, THREAD_FLAGS, 0, 1), ALLOW, REFUSE]
    return {
        "clone": [_argument(0), _line(ANY_BIT, NAMESPACE_FLAGS, 0, 1), REFUSE, *clones],
        "socketpair": _one_of(0, (AF_UNIX,), ALLOW, REFUSE),
        "ioctl": _one_of(1, TERMINAL_IOCTLS, ALLOW, _fail(errno.ENOTTY)),
        "prctl": _one_of(0, HARMLESS_PRCTLS, ALLOW, REFUSE),
        "fcntl": _one_of(1, SIGNALLING_FCNTLS, REFUSE, ALLOW),
        "prlimit64": _reading_own_limits(),
        "kill": signals,
        "tgkill": signals,
        "socket": _streams() if network else [REFUSE],
        "openat": _no_special_mode(3),
        "open": _no_special_mode(2),
        "creat": _no_special_mode(1),
    }


def _streams() -> Program:
    """TCP, by either version of IP."""
    kind = [_argument(1), _line(ANY_BIT, NOT_A_STREAM, 0, 1), REFUSE]
    protocol = [_argument(2), _line(EQUAL, 0, 2, 0), _line(EQUAL, 6, 1, 0), REFUSE]
    return [*kind, *protocol, *_one_of(0, INTERNET, ALLOW, REFUSE)]


def _no_special_mode(index: int) -> Program:
    """No new file that runs as its owner: `chmod` is only pretended, and this would be the way around it."""
    return [_argument(index), _line(ANY_BIT, SPECIAL_MODES, 0, 1), REFUSE, ALLOW]


def _reading_own_limits() -> Program:
    """Process 0, and no new limit: neither half of the pointer to one is set."""
    zero = _line(EQUAL, 0, 1, 0)
    return [_argument(0), zero, REFUSE, _argument(2), zero, REFUSE, _argument(2, high=True), zero, REFUSE, ALLOW]


def table(text: str, column: int) -> dict[str, int]:
    """The calls of one of the tables above that this machine has, with their numbers."""
    rows = (row.split() for line in text.split("\n") if line for row in line.split("|"))
    return {row[0]: int(row[1 + column]) for row in rows if row[1 + column] != "-"}


def program(machine: str, process: int, network: bool = False, subprocesses: bool = False) -> Program:
    """The filter for a machine and the process that it is to hold. Raises `KeyError` for another machine."""
    column, architecture = ARCHITECTURES[machine]
    lines = [_line(LOAD, 4), _line(EQUAL, architecture, 1, 0), KILL, _line(LOAD, 0)]
    if machine == "x86_64":
        lines += [_line(AT_LEAST, 0x40000000, 0, 1), KILL]  # x32 has other numbers for the same calls
    more = "|".join([NETWORK] * network + [PROCESSES] * subprocesses)
    for text, result in (*_plain_results(), (more, ALLOW)):
        for number in table(text, column).values():
            lines += [_line(EQUAL, number, 0, 1), result]
    checks = _checks(process, network, subprocesses)
    for name, number in table(CHECKED, column).items():
        lines += [_line(EQUAL, number, 0, len(checks[name])), *checks[name]]
    return [*lines, REFUSE]


def _plain_results() -> tuple[tuple[str, bytes], ...]:
    unsupported = _fail(errno.ENOTSUP)
    return (ALLOWED, ALLOW), (ABSENT, _fail(errno.ENOSYS)), (PRETENDED, _fail(0)), (UNSUPPORTED, unsupported)


ANY_PROCESS = 0x7ACEFACE
"""Stands for the process in a filter that is made before there is one."""


def prepared(network: bool = False, subprocesses: bool = False) -> bytes:
    """The filter for this machine, for `restrict`. Raises `OSError` on a machine there is none for."""
    if MACHINE not in ARCHITECTURES:
        raise OSError(f"seccomp: there is no filter for {MACHINE!r}, only for {', '.join(ARCHITECTURES)}")
    return b"".join(program(MACHINE, ANY_PROCESS, network, subprocesses))


def restrict(prepared: bytes, process: int) -> None:
    """Confine every thread of this process, for good."""
    lines = prepared.replace(struct.pack("=I", ANY_PROCESS), struct.pack("=I", process))
    header = struct.pack("H6x", len(lines) // 8) + address(lines)
    prctl(NO_NEW_PRIVS, 1)
    call("seccomp", NUMBERS["seccomp"], 1, 1, header)  # SET_MODE_FILTER, TSYNC
