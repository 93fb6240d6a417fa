"""What a worker can't do, whoever runs it, and whatever the machine gives."""

import os
import select
import socket
import subprocess
import sys

import pytest

PROBES = {
    "reads a file": "print(open({secret!r}).read())",
    "reads a file by a raw call": (
        "import ctypes; l=ctypes.CDLL(None); f=l.open({secret!r}.encode(),0); b=ctypes.create_string_buffer(99)\n"
        "print(b.raw[:l.read(f,b,99)].decode()) if f>=0 else 0"
    ),
    "reads through a link": "import os; os.symlink({secret!r},'l'); print(open('l').read())",
    "reads by way of ..": "print(open('../'*9 + {secret!r}.lstrip('/')).read())",
    "lists a folder": "import os; print('BREACH', os.listdir({outside!r}))",
    "writes outside": "open({outside!r}+'/evil','w').write('x'); print('BREACH')",
    "deletes outside": "import os; os.unlink({secret!r}); print('BREACH')",
    "renames outside": "import os; os.rename({secret!r}, {outside!r}+'/moved'); print('BREACH')",
    "truncates outside": "import os; os.truncate({secret!r}, 0); print('BREACH')",
    "links a file in": "import os; os.link({secret!r}, 'hard'); print('BREACH')",
    "makes a pipe": "import os; os.mkfifo('fifo'); print('BREACH')",
    "makes a device": "import os,stat; os.mknod('dev', stat.S_IFCHR|0o666, os.makedev(1,1)); print('BREACH')",
    "sets an attribute outside": "import os; os.setxattr({secret!r}, 'user.x', b'1'); print('BREACH')",
    "reads passwords": "print('BREACH', open('/etc/passwd').read())",
    "reads an environment": "print('BREACH', open('/proc/{victim}/environ','rb').read())",
    "reads its zygote's environment": "import os; print('BREACH', open('/proc/%d/environ' % os.getppid(),'rb').read())",
    "reads memory": "print('BREACH', open('/proc/{victim}/mem','rb'))",
    "has the host's environment": "import os; print('BREACH') if 'canary' in str(os.environ) else 0",
    "signals": "import os; os.kill({victim}, 0); print('BREACH')",
    "kills everybody": "import os; os.kill(-1, 9); print('BREACH')",
    "kills its parent": "import os; os.kill(os.getppid(), 9); print('BREACH')",
    "signals by a descriptor": "import os,signal; signal.pidfd_send_signal(os.pidfd_open({victim}), 0); print('BREACH')",
    "owns a descriptor's signals": "import fcntl,os; fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, {victim}); print('BREACH')",
    "traces": "import ctypes; print('BREACH') if ctypes.CDLL(None).ptrace(16, {victim}, 0, 0)==0 else 0",
    "reads another's memory by a call": (
        "import ctypes; b=ctypes.create_string_buffer(8); v=(ctypes.c_ulong*2)(ctypes.addressof(b),8)\n"
        "print('BREACH') if ctypes.CDLL(None).process_vm_readv({victim},v,1,v,1,0)>=0 or ctypes.get_errno()==14 else 0"
    ),
    "changes another's priority": "import os; os.setpriority(os.PRIO_PROCESS, {victim}, 5); print('BREACH')",
    "changes another's limits": "import resource; resource.prlimit({victim}, 7, (9,9)); print('BREACH')",
    "changes another's processors": "import os; os.sched_setaffinity({victim}, [0]); print('BREACH')",
    "raises its limits": "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); print('BREACH')",
    "forks": "import os\nif os.fork() == 0: os._exit(0)\nprint('BREACH')",
    "executes": "import os; os.execv('/bin/echo', ['echo', 'BREACH'])",
    "starts a program": "import subprocess; print('BREACH', subprocess.run(['/bin/true']))",
    "executes from memory": "import os; print('BREACH', os.memfd_create('x'))",
    "clones by clone3": (
        "import ctypes,struct; a=struct.pack('11Q',0x10000000,0,0,0,17,0,0,0,0,0,0); l=ctypes.CDLL(None)\n"
        "p=l.syscall(435,a,88)\nif p==0: l._exit(0)\nif p>0: print('BREACH')"
    ),
    "enters namespaces": "import ctypes; print('BREACH') if ctypes.CDLL(None).unshare(0x10000000)==0 else 0",
    "mounts": "import ctypes; print('BREACH') if ctypes.CDLL(None).mount(b'none',b'.',b'tmpfs',0,None)==0 else 0",
    "unmounts": "import ctypes; print('BREACH') if ctypes.CDLL(None).umount2(b'/box',2)==0 else 0",
    "changes its root": "import os; os.chroot('.'); print('BREACH')",
    "connects": "import socket; socket.create_connection(('127.0.0.1', {port})); print('BREACH')",
    "sends a datagram": "import socket; socket.socket(2,2).sendto(b'x',('127.0.0.1',9)); print('BREACH')",
    "listens": "import socket; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); print('BREACH')",
    "opens a unix socket": "import socket; socket.socket(socket.AF_UNIX); print('BREACH')",
    "opens a netlink socket": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); print('BREACH')",
    "shares memory": "import ctypes; print('BREACH') if ctypes.CDLL(None).shmget(77,64,0o1666)>=0 else 0",
    "leaves shared memory": "open('/dev/shm/left','w'); print('BREACH')",
    "reads keys": "import ctypes; print('BREACH') if ctypes.CDLL(None).syscall({keyctl},0,-3,0)>=0 else 0",
    "opens io_uring": "import ctypes; print('BREACH') if ctypes.CDLL(None).syscall(425,8,bytes(120))>=0 else 0",
    "opens bpf": "import ctypes; print('BREACH') if ctypes.CDLL(None).syscall({bpf},0,bytes(128),128)>=0 else 0",
    "loosens its filter": "import ctypes; print('BREACH') if ctypes.CDLL(None).prctl(22,0,0,0,0)==0 else 0",
    "becomes dumpable": "import ctypes; print('BREACH') if ctypes.CDLL(None).prctl(4,1,0,0,0)==0 else 0",
    "survives its parent": "import ctypes; print('BREACH') if ctypes.CDLL(None).prctl(1,0,0,0,0)==0 else 0",
    "becomes root": "import os; os.setuid(0); print('BREACH')",
    "leaves a program with root's rights": (
        "import os,stat; open('s','w').close(); os.chmod('s',0o4755); print('BREACH') if os.stat('s').st_mode & stat.S_ISUID else 0"
    ),
    "finds the zygote's socket": (
        "import os,stat\nfor fd in range(3,256):\n try:\n  if not stat.S_ISFIFO(os.fstat(fd).st_mode): print('BREACH', fd)\n except OSError: pass"
    ),
    "opens the terminal": "open('/dev/tty'); print('BREACH')",
    "writes to the kernel's log": "import os; os.open('/dev/kmsg', os.O_WRONLY); print('BREACH')",
    "changes the system": "open('/proc/sys/kernel/hostname','w'); print('BREACH')",
    "changes Python": "import os; open(os.__file__,'a'); print('BREACH')",
    "has a process group of others": "import os; print('BREACH') if os.getpgrp() != os.getpid() or os.getsid(0) != os.getpid() else 0",
    "takes memory": "x = b'x' * (1500 << 20); print('BREACH')",
    "takes shared memory": "import mmap; m = mmap.mmap(-1, 3000 << 20); print('BREACH')",
    "opens many files": "import os; x = [os.open('/dev/null',0) for _ in range(600)]; print('BREACH')",
    "fills the disk with one file": "f = open('big','wb',0)\nfor _ in range(100): f.write(bytes(1<<20))\nprint('BREACH')",
    "fills the disk with many files": (
        "import time\nfor n in range(200): open(str(n),'wb').write(bytes(1<<20))\ntime.sleep(30); print('BREACH')"
    ),
    "makes many files": "import time\nfor n in range(5000): open(str(n),'w').close()\ntime.sleep(30); print('BREACH')",
    "makes deep folders": "import os,time\nfor n in range(1500): os.mkdir('d'*100); os.chdir('d'*100)\ntime.sleep(30); print('BREACH')",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(outside):
    """What the probes aim at: a listener, a process, a secret."""
    from actlet.execution.sandbox.syscalls import MACHINE

    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={"VICTIM": "canary"})
    arm = MACHINE == "aarch64"
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {
            "victim": victim.pid, "port": server.getsockname()[1], "secret": str(outside / "secret"),
            "outside": str(outside), "keyctl": 219 if arm else 250, "bpf": 280 if arm else 321,
        }  # fmt: skip
    assert victim.poll() is None, "the victim lives"
    victim.kill()
    victim.wait()


def test_nothing_gets_out_of_a_worker(someone, world, outside):
    results = someone.run(*({"code": code.format(**world), "seconds": 60} for code in PROBES.values()))
    breaches = {
        name: result
        for name, result in zip(PROBES, results, strict=True)
        if "error" in result or "BREACH" in result["out"] or "the secret" in result["out"]
    }
    assert not breaches
    assert (outside / "secret").read_text() == "the secret"
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]


def test_the_same_probes_get_out_where_no_layer_holds(user, world):
    every = ["descriptors", "session", "limits", "privileges", "landlock", "seccomp"]
    chosen = [
        "reads a file",
        "connects",
        "forks",
        "finds the zygote's socket",
        "takes memory",
        "opens a unix socket",
    ]
    results = user.run(
        *({"code": PROBES[name].format(**world), "namespaces": False, "skip": every} for name in chosen)
    )
    held = [
        name
        for name, result in zip(chosen, results, strict=True)
        if "BREACH" not in result["out"] + result["out"].replace("the secret", "BREACH")
    ]
    assert not held


REMOVED = {
    "descriptors": "finds the zygote's socket",
    "session": "has a process group of others",
    "limits": "takes memory",
    "landlock": "reads a file",
    "seccomp": "connects",
}


@pytest.mark.parametrize("layer", REMOVED)
def test_each_layer_removed_lets_something_out(user, world, layer):
    request = {"code": PROBES[REMOVED[layer]].format(**world), "namespaces": False}
    with_it, without = user.run(request, {**request, "skip": [layer]})
    assert "BREACH" not in with_it["out"].replace("the secret", "BREACH")
    if layer == "seccomp":
        request["code"] = PROBES["forks"]
        without = user.run({**request, "skip": [layer]})[0]
    assert "BREACH" in without["out"].replace("the secret", "BREACH")


CAPABILITIES = (
    "import ctypes,struct; b=ctypes.create_string_buffer(24)\n"
    "ctypes.CDLL(None).syscall({number}, struct.pack('Ii',0x20080522,0), b); print('BREACH') if any(b.raw) else print('none')"
)


def test_without_dropping_them_a_worker_has_capabilities_in_its_namespaces(user):
    from actlet.execution.sandbox.syscalls import MACHINE

    code = CAPABILITIES.format(number=90 if MACHINE == "aarch64" else 125)
    dropped, kept = user.run(
        {"code": code, "skip": ["seccomp"]}, {"code": code, "skip": ["seccomp", "capabilities"]}
    )
    if "user" not in dropped["report"]["namespaces"]:
        pytest.skip("this machine gives users no namespaces, and they have no capabilities outside")
    assert (dropped["out"].strip(), kept["out"].strip()) == ("none", "BREACH")


def test_root_becomes_somebody_else_where_it_can(someone):
    if not someone.root:
        return  # an ordinary user is nobody else
    code = "import os; print(os.getuid(), os.getgid(), os.getgroups())"
    dropped, kept = someone.run({"code": code}, {"code": code, "skip": ["user"]})
    assert dropped["out"].startswith("6")
    assert kept["out"].startswith("0 ")


def test_without_a_folder_of_its_own_a_worker_has_nowhere_to_write(user):
    assert "OSError" in user.say("try: open('x','w')\nexcept OSError: print('OSError')", skip=["folder"])


def test_what_stat_tells_is_hidden_by_mounts_only(user, world):
    code = f"import os; print(os.path.exists({world['secret']!r}))"
    inside, bare = user.run({"code": code}, {"code": code, "namespaces": False})
    assert bare["out"].strip() == "True"
    if "mount" in inside["report"]["namespaces"]:
        assert inside["out"].strip() == "False"


@pytest.mark.parametrize("namespaces", [True, False])
def test_workers_end_with_their_zygote(namespaces):
    from sandbox_driver import PROGRAM

    from actlet.execution.sandbox import workers

    ends = []
    for skip, seconds in (((), 60), (("privileges",), 60 if namespaces else 1)):
        options = workers.Options(namespaces=namespaces, program=PROGRAM)
        worker = workers.fork(options, workers.Limits(), skip)
        os.write(worker.write, b"import time; time.sleep(60)\0")
        workers.zygote(options).process.kill()
        poll = select.poll()
        poll.register(worker.pidfd, select.POLLIN)
        ends.append(bool(poll.poll(seconds * 1_000)))
        worker.close()
        os.close(worker.read)
        os.close(worker.write)
    assert ends[0]
    assert ends[1] == ("pid" in worker.report["namespaces"]), (
        "by the kernel there; else only because it asked for it"
    )
    workers.close_all()
