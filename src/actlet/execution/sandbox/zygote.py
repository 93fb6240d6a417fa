"""The zygote: a clean process that forks workers.

It is executed afresh (never forked from the host, whose memory holds secrets), with an environment of its own and
nothing imported but this package, the kernel, what `preload` names and, later, `OFTEN_USED`. The host asks over a
socket of packets: one packet (`marshal`, from the host to be believed) and its descriptors (the worker's two ends
of its channel, its `status`, the doors to its control groups) are one worker. The reply is the worker's pidfd. On
`status` the worker writes its report, one line (a literal of Python), before it runs anything, and the zygote how
it ended, another. When the host's end of the socket closes, or the host dies, the zygote ends, and every worker
with it.
"""

from __future__ import annotations

import _socket
import _struct as struct
import gc
import marshal
import os
import resource
import select
import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader

from . import namespaces, seccomp
from .lockdown import DEVICES, RANDOM, Plan, lock
from .namespaces import Private
from .syscalls import DUMPABLE, PDEATHSIG, prctl, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType, SimpleNamespace
    from typing import Any, NoReturn
else:
    ModuleType, SimpleNamespace = type(sys), type(sys.implementation)

PACKET = 1 << 17

MOST_GIVEN = 16
"""Descriptors that come with one packet, at most."""

OFTEN_USED = ("collections", "enum", "functools", "json", "math", "opcode", "re", "signal", "threading", "types")
"""What the kernel and its snippets often import: imported here, when nobody waits for a worker, none has to."""


QUIET_MS = 50
"""Milliseconds in which nobody has asked for a worker, before `OFTEN_USED` is imported."""


class Setup(SimpleNamespace):
    """What the host's first packet says. `program` is a file of Python whose `main(read_fd, write_fd)` is what a
    worker runs; `folder` is private to this zygote; `network` names the variables that say where the proxy is, if
    there is to be one."""

    program: str
    folder: str
    sys_path: list[str]
    readable: list[str]
    writable: list[str]
    preload: list[str]
    namespaces: bool
    network: list[str]
    subprocesses: bool


class World:
    """What the zygote entered: its namespaces' names, descriptors open on that of processes and on a `/proc` (-1:
    none), where its workers' private folders are, and a socket that listens for them, if they have a network."""

    def __init__(self) -> None:
        self.namespaces: list[str] = []
        self.processes = self.proc = self.root = -1
        self.private = Private()
        self.listener: _socket.socket | None = None

    def enter(self, setup: Setup) -> None:
        """Go on as process 1 of new namespaces. Raises `OSError`.

        The process that was started stays behind: it makes the root folder, while this one goes on importing, then
        ends with its child and takes it along when it is killed.
        """
        self.namespaces = namespaces.leave()
        ours, theirs = os.pipe(), os.pipe()
        child = os.fork()
        if child:
            os.close(ours[1])
            _stay(child, setup, ours[0], theirs[1])
        prctl(PDEATHSIG, signal.SIGKILL)
        for descriptor in (ours[0], theirs[1]):
            os.close(descriptor)
        self.processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC) if setup.subprocesses else -1
        self.root = theirs[0]
        os.close(ours[1])  # nothing of the machine's root is needed any more
        self.listener = namespaces.listen_within() if setup.network else None

    def arrive(self) -> None:
        """Wait until the root folder is the new one. Raises `OSError`."""
        if self.root >= 0:
            said = os.read(self.root, PACKET)
            os.close(self.root)
            problem, box, links = marshal.loads(said)
            if problem:
                raise OSError(problem)
            self.private = Private(box, links)


def _stay(child: int, setup: Setup, start: int, done: int) -> NoReturn:
    """When `start` is closed, make the root folder of these namespaces; say so on `done`; end with the child."""
    os.read(start, 1)
    try:
        devices, read, write = (*DEVICES, *RANDOM), setup.readable, setup.writable
        private = namespaces.enter_root(setup.folder, read, write, devices, setup.subprocesses)
        said = ["", private.box, private.links]
    except OSError as error:
        said = [str(error), "", ()]
    os.write(done, marshal.dumps(said))
    os.closerange(3, 256)
    os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


class Zygote:
    """The loop that forks workers and tells how they end."""

    def __init__(self, control: Any, host: int, world: World, setup: Setup) -> None:
        self.control, self.host, self.world, self.setup = control, host, world, setup
        self.filter = seccomp.prepared(bool(setup.network), setup.subprocesses)
        self.ports: list[int] = []
        self.workers: dict[int, tuple[int, int]] = {}
        self.has_imported = False
        self.poll = select.poll()
        self.poll.register(control.fileno(), select.POLLIN)
        self.poll.register(host, select.POLLIN)

    def start(self) -> None:
        """Tell the host that workers can be had, and give it the socket that they reach it by."""
        listener = self.world.listener
        ancillary: list[Any] = []
        if listener is not None:
            self.ports = [listener.getsockname()[1]]
            address = f"http://127.0.0.1:{self.ports[0]}"
            os.environ.update(dict.fromkeys(self.setup.network, address))
            ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", listener.fileno()))]
        self.control.sendmsg([repr({"namespaces": self.world.namespaces}).encode()], ancillary)

    def serve(self, program: ModuleType) -> None:
        """Fork workers until the host is gone. In a worker this doesn't return."""
        while True:
            ready = self.poll.poll(None if self.has_imported else QUIET_MS)
            if not ready:
                self.import_often_used()
            for descriptor, _ in ready:
                if descriptor == self.host:
                    return
                if descriptor in self.workers:
                    self.reap(descriptor)
                elif not self.answer(program):
                    return

    def import_often_used(self) -> None:
        """Once. What can't be imported is left to the workers."""
        self.has_imported = True
        for name in OFTEN_USED:
            try:
                __import__(name)
            except (ImportError, OSError):
                continue
        gc.freeze()

    def answer(self, program: ModuleType) -> bool:
        """Fork one worker. False when the host is gone."""
        packet, ancillary, _, _ = self.control.recvmsg(PACKET, _socket.CMSG_SPACE(4 * MOST_GIVEN))
        if not packet:
            return False
        given = [descriptor for (descriptor,) in struct.iter_unpack("i", ancillary[0][2])]
        own = self.world.processes
        process = namespaces.fork_into_own(own) if own >= 0 else os.fork()
        if process == 0:
            work(program, self.plan(marshal.loads(packet), given))
        read, write, status, *doors = given
        for descriptor in (read, write, *doors):
            os.close(descriptor)
        pidfd = os.pidfd_open(process)
        self.workers[pidfd] = process, status
        self.poll.register(pidfd, select.POLLIN)
        self.control.sendmsg([b"forked"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", pidfd))])
        return True

    def plan(self, asked: dict[str, Any], given: list[int]) -> Plan:
        """What a worker does to itself."""
        world, setup = self.world, self.setup
        return Plan(
            kept=given[:3], doors=given[3:], readable=setup.readable, writable=setup.writable,
            subprocesses=setup.subprocesses, namespaces=world.namespaces, private=world.private, proc=world.proc,
            ports=self.ports, filter=self.filter, **asked,
        )  # fmt: skip

    def reap(self, pidfd: int) -> None:
        """Tell the host how a worker ended."""
        process, status = self.workers.pop(pidfd)
        self.poll.unregister(pidfd)
        _, ended, usage = os.wait4(process, 0)
        say(status, {"ended": (os.waitstatus_to_exitcode(ended), usage.ru_utime + usage.ru_stime)})
        for descriptor in (pidfd, status):
            os.close(descriptor)


def say(descriptor: int, message: dict[str, Any]) -> None:
    """Write a line. A host that doesn't listen any more is no error."""
    try:
        os.write(descriptor, repr(message).encode() + b"\n")
    except OSError:
        return


def work(program: ModuleType, plan: Plan) -> None:
    """A worker's whole life: lock down, say so, wait for the host's word, run the kernel, end."""
    try:
        read, write, status = plan.kept
        gc.enable()
        sys.dont_write_bytecode = True
        say(status, lock(plan))
        os.close(status)
        program.main(read, write)
    except BaseException as error:
        say(2, {"error": f"{type(error).__name__}: {error}"})
        os._exit(1)
    os._exit(0)


class Program:
    """What workers run: a file of Python, compiled before its folder can't be written any more, and run later."""

    def __init__(self, path: str) -> None:
        self.name = f"actlet_program.{os.path.basename(path)[:-3]}"
        self.path = path
        self.code = SourceFileLoader(self.name, path).get_code(self.name)

    def load(self, setup: Setup) -> ModuleType:
        """Its module, with all that workers need imported, and the memory they share kept as it is."""
        sys.path.extend(setup.sys_path)
        module = sys.modules[self.name] = ModuleType(self.name)
        module.__file__ = self.path
        exec(self.code, vars(module))  # type: ignore[arg-type]
        for name in setup.preload:
            __import__(name)
        PathFinder.find_spec("numpy")  # finders keep what folders hold
        gc.freeze()
        return module


def main() -> None:
    """Started by the host with two descriptors: the socket, and the host's pidfd."""
    descriptors = [int(word) for word in sys.argv[1:3]]
    control = _socket.socket(fileno=descriptors[0])
    gc.disable()  # what is imported stays; workers turn it on again
    setup = Setup(**marshal.loads(control.recv(PACKET)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o022)
    world = World()
    try:
        code = Program(setup.program)
        if setup.namespaces:
            world.enter(setup)
        prctl(DUMPABLE, 0)
        program = code.load(setup)
        world.arrive()
    except OSError as error:
        _give_up(control, "refused" if setup.namespaces else "error", error)
    except Exception as error:
        _give_up(control, "error", error)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    zygote = Zygote(control, descriptors[1], world, setup)
    zygote.start()
    zygote.serve(program)
    os._exit(0)


def _give_up(control: Any, word: str, error: Exception) -> NoReturn:
    control.send(repr({word: f"{type(error).__name__}: {error}"}).encode())
    os._exit(1)
