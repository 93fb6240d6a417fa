"""What a snippet in a container can't do, and what happens when it tries to use more than it may."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_support import Boxes, running, until, value

from actlet.execution.docker import DockerExecutor
from actlet.testing.conformance import error_of, run

pytestmark = pytest.mark.xdist_group("docker")  # one worker starts one engine for all


@pytest.fixture(scope="module")
def held(engine_url: str) -> Iterator[DockerExecutor]:
    """One box with the default settings for the tests that do it no harm."""
    from private_engine import IMAGE

    box = DockerExecutor(base_url=engine_url, image=IMAGE)
    yield box
    box.cleanup()


def status(box: DockerExecutor) -> dict[str, str]:
    lines = value(box, "open('/proc/self/status').read()").splitlines()
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}


SYSCALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    return libc.syscall(number, *args), errno.errorcode.get(ctypes.get_errno(), "")
"""


class TestPrivileges:
    def test_it_has_no_capability_and_can_gain_none(self, held: DockerExecutor) -> None:
        found = status(held)
        assert {found[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
        assert found["NoNewPrivs"] == "1"

    def test_the_engines_seccomp_profile_is_on(self, held: DockerExecutor) -> None:
        assert status(held)["Seccomp"] == "2"

    def test_its_user_is_nobody_that_the_machine_knows(self, held: DockerExecutor) -> None:
        uid, gid, groups = value(held, "import os\n(os.getuid(), os.getgid(), os.getgroups())")
        assert uid == gid
        assert uid >= 30_000
        assert set(groups) <= {gid}
        assert value(held, "import getpass, os\n(getpass.getuser(), os.path.expanduser('~'))") == ("box", "/tmp")

    def test_it_cannot_become_root(self, held: DockerExecutor) -> None:
        code = "import os\nfor f in (os.setuid, os.setgid, os.seteuid):\n    try: f(0)\n    except PermissionError: pass\nos.getuid()"
        assert value(held, code) != 0

    @pytest.mark.parametrize(
        "call",
        ["call(165, b'none', b'/box', b'tmpfs', 0, 0)", "call(272, 0x10000000)", "call(272, 0x00020000)",
         "call(248, b'user', b'a', b'b', 1, -4)", "call(250, 0, -4, 0)", "call(321, 0, 0, 0)", "call(175, 0, 0, b'')",
         "call(304, -1, 0, 0)", "call(155, b'/', b'/')", "call(161, b'/box')", "call(169, 0, 0, 0)",
         "call(298, 0, 0, -1, -1, 0)", "call(442, -1, b'', 0, 0, 0)"],
        ids=["mount", "unshare-user", "unshare-mount", "add_key", "keyctl", "bpf", "init_module", "open_by_handle_at",
             "pivot_root", "chroot", "reboot", "perf_event_open", "mount_setattr"],
    )  # fmt: skip
    def test_the_kernels_dangerous_calls_are_refused(self, held: DockerExecutor, call: str) -> None:
        assert os.uname().machine == "x86_64", "the numbers are those of x86-64"
        result, error = value(held, f"{SYSCALL}\n{call}")
        assert result == -1
        assert error in ("EPERM", "ENOSYS", "EACCES")


class TestFiles:
    @pytest.mark.parametrize(
        "path", ["/etc/x", "/usr/x", "/x", "/root/x", "/proc/sys/kernel/core_pattern", "/sys/x"]
    )
    def test_nothing_but_the_work_folder_and_tmp_is_writable(self, held: DockerExecutor, path: str) -> None:
        assert error_of(run(held, f"open({path!r}, 'w').write('x')")).type in (
            "OSError",
            "PermissionError",
            "FileNotFoundError",
        )

    def test_no_folder_of_the_machine_is_mounted(self, held: DockerExecutor) -> None:
        mounts = [line.split() for line in value(held, "open('/proc/self/mounts').read()").splitlines()]
        kinds = {mount[2] for mount in mounts if mount[0].startswith("/dev/")}
        places = {mount[1] for mount in mounts if mount[0].startswith("/dev/")}
        assert places <= {"/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/sbin/docker-init"}, (places, kinds)
        assert all("ro" in mount[3].split(",") for mount in mounts if mount[0].startswith("/dev/"))

    def test_the_engines_socket_is_not_there(self, held: DockerExecutor) -> None:
        code = "import os\n[p for d in ('/run', '/var/run', '/tmp', '/box') for p, _, fs in os.walk(d) for f in fs if f.endswith('.sock')]"
        assert value(held, code) == []

    def test_there_is_no_device_but_the_harmless_ones(self, held: DockerExecutor) -> None:
        code = "import os, stat\nmodes = {n: os.lstat('/dev/' + n).st_mode for n in os.listdir('/dev')}\n"
        code += "[n for n, mode in modes.items() if stat.S_ISBLK(mode) or stat.S_ISCHR(mode)]"
        assert set(value(held, code)) <= {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}
        assert (
            error_of(run(held, "import os\nos.mknod('/box/disk', 0o60666, os.makedev(254, 0))")).type
            == "PermissionError"
        )

    def test_nothing_of_the_host_is_in_its_environment(
        self, make_box: Boxes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET_OF_THE_HOST", "hunter2")
        monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:1")
        code = "open('/proc/1/environ').read() + open('/proc/self/environ').read()"
        assert "hunter2" not in value(make_box(), code)

    def test_the_work_folder_is_where_a_snippet_is_and_is_empty(self, make_box: Boxes) -> None:
        assert value(make_box(), "import os\n(os.getcwd(), os.listdir())") == ("/box", [])

    def test_a_program_of_the_image_that_is_roots_gives_no_rights(self, held: DockerExecutor) -> None:
        code = "import subprocess\nread = 'while read line; do echo \"$line\"; done < /proc/self/status'\n"
        code += (
            "subprocess.run(['/usr/local/bin/sh-of-root', '-p', '-c', read], capture_output=True, text=True).stdout"
        )
        (line,) = [line for line in value(held, code).splitlines() if line.startswith("Uid:")]
        assert "0" not in line.split()


class TestNetwork:
    def test_there_is_no_interface_but_loopback(self, held: DockerExecutor) -> None:
        assert value(held, "import socket\n[name for _, name in socket.if_nameindex()]") == ["lo"]

    def test_a_port_of_the_machine_is_out_of_reach(self, held: DockerExecutor) -> None:
        import socket

        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            code = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)"
            assert error_of(run(held, code)).type == "ConnectionRefusedError"

    def test_an_abstract_socket_of_the_machine_is_out_of_reach(self, held: DockerExecutor) -> None:
        import socket

        with socket.socket(socket.AF_UNIX) as server:
            server.bind("\0actlet-test")
            server.listen()
            code = "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0actlet-test')"
            assert error_of(run(held, code)).type == "ConnectionRefusedError"

    def test_no_port_is_published(self, held: DockerExecutor, api: Any) -> None:
        value(held, "1")
        listed = api.containers(filters={"label": "actlet"})
        assert listed
        assert all(not container["Ports"] for container in listed)


class TestProcesses:
    def test_the_machines_processes_are_not_there(self, held: DockerExecutor) -> None:
        subprocess_here = subprocess.Popen(["sleep", "60"])
        try:
            listed = value(
                held, "import os\n[open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]"
            )
            assert len(listed) <= 3
            assert not any("sleep" in command for command in listed)
        finally:
            subprocess_here.kill()
            subprocess_here.wait()

    def test_orphans_are_reaped(self, held: DockerExecutor) -> None:
        code = """
import os, subprocess, time
for _ in range(5): subprocess.run(['sh', '-c', 'sleep 0.2 & exit 0'])
time.sleep(1.5)
[open(f'/proc/{p}/stat').read().split()[2] for p in os.listdir('/proc') if p.isdigit()].count('Z')
"""
        assert value(held, code) == 0

    def test_a_child_that_ran_away_ends_with_the_box(self, make_box: Boxes, tmp_path: Path) -> None:
        box, name = make_box(), f"actlet-runaway-{tmp_path.name}"
        loop = f": {name}; while :; do sleep 1; done"
        run(box, f"import subprocess\nchild = subprocess.Popen(['sh', '-c', {loop!r}], start_new_session=True)")
        assert running(name)
        box.cleanup()
        assert until(lambda: not running(name))


class TestLimits:
    def test_too_much_memory_is_an_error_that_says_so(self, make_box: Boxes) -> None:
        box = make_box(memory_mb=128, disk_mb=16)
        run(box, "a = 1")
        error = error_of(run(box, "x = []\nwhile True: x.append(bytearray(1 << 22))"))
        assert error.type == "BoxError"
        assert "killed" in error.message
        assert "memory" in error.message
        assert "128 MB" in error.message
        assert "a" in error.message
        assert value(box, "1 + 1") == 2

    def test_the_work_folder_is_full_when_it_is_full(self, make_box: Boxes) -> None:
        box = make_box(disk_mb=8)
        assert (
            error_of(run(box, "with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))")).type
            == "OSError"
        )
        assert value(box, "import os\nos.path.getsize('big') <= 8 << 20") is True
        assert (
            error_of(run(box, "with open('/tmp/big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))")).type
            == "OSError"
        )

    def test_there_are_only_so_many_files(self, make_box: Boxes) -> None:
        box = make_box(max_files=100)
        assert error_of(run(box, "for n in range(200): open(str(n), 'w').close()")).type == "OSError"
        assert 90 <= value(box, "import os\nlen(os.listdir())") < 100

    def test_there_are_only_so_many_processes(self, make_box: Boxes) -> None:
        box = make_box(max_processes=20)
        code = "import subprocess\nmade = []\nfor _ in range(50): made.append(subprocess.Popen(['sleep', '60']))"
        assert error_of(run(box, code)).type == "BlockingIOError"
        assert value(box, "for each in made: each.kill()\n10 < len(made) < 20") is True

    def test_a_fork_bomb_ends_with_the_time(self, make_box: Boxes) -> None:
        box = make_box(max_processes=30, timeout_seconds=3)
        run(box, "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")
        assert value(box, "1 + 1") == 2

    def test_there_is_no_core_file_and_only_so_many_descriptors(self, held: DockerExecutor) -> None:
        assert value(held, "import resource as r\n[r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_NOFILE)]") == [
            (0, 0),
            (1024, 1024),
        ]

    def test_the_processor_is_limited(self, make_box: Boxes, api: Any) -> None:
        box = make_box(cpus=0.5)
        assert value(box, "import os\nos.environ['OMP_NUM_THREADS']") == "1"
        assert box._container is not None
        assert api.inspect_container(box._container.id)["HostConfig"]["NanoCpus"] == 500_000_000
