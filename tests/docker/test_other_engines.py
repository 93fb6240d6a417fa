"""The docker box with podman's service instead of Docker, and with gVisor as Docker's runtime."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from docker_support import HOST, Boxes, containers, until, value
from private_engine import IMAGE, private_podman

from actlet.execution.docker import DockerExecutor
from actlet.testing.conformance import add, error_of, run

pytestmark = pytest.mark.xdist_group("docker")  # one worker starts one engine for all


def test_gvisor_is_passed_through(make_box: Boxes, api: Any) -> None:
    if "runsc" not in api.info()["Runtimes"]:
        pytest.skip("needs gVisor: apt-get install runsc")
    box = make_box(runtime="runsc")
    box.send_tools({"add": add})
    assert value(box, "import os\n(os.uname().release, add(1))") == ("4.4.0", 3)  # what gVisor says it is
    assert os.uname().release != "4.4.0"
    assert "its process exited (3)" in error_of(run(box, "import os\nos._exit(3)")).message
    assert value(box, "1 + 1") == 2


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a podman service."""
    try:
        with private_podman() as url:
            yield url
    except RuntimeError as error:
        pytest.skip(str(error))


class TestPodman:
    @pytest.fixture
    def box(self, url: str) -> Iterator[DockerExecutor]:
        box = DockerExecutor(base_url=url, image=IMAGE)
        yield box
        box.cleanup()

    @pytest.fixture
    def podman(self, url: str) -> Iterator[Any]:
        import docker

        client = docker.APIClient(base_url=url, version="auto")
        yield client
        client.close()

    def test_snippets_values_tools_and_files(self, box: DockerExecutor) -> None:
        box.send_tools({"add": add})
        every_byte = bytes(range(256)) * 1000
        box.send_variables({"given": every_byte})
        assert value(box, "given") == every_byte  # there are no bytes that detach
        assert value(box, "add.map([1, 2])") == [3, 4]
        assert run(box, "open('made', 'w').write('x')").files == ("made",)
        assert box.get_file("made") == b"x"

    def test_what_holds(self, box: DockerExecutor) -> None:
        status = value(box, "open('/proc/self/status').read()").split("\n")
        assert {"CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} <= set(
            status
        )
        assert value(box, "import os\nos.getuid()") >= 30_000
        assert value(box, "import socket\n[name for _, name in socket.if_nameindex()]") == ["lo"]
        assert error_of(run(box, "open('/etc/x', 'w')")).type == "OSError"
        assert (
            error_of(run(box, "with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 20))")).type
            == "OSError"
        )

    def test_why_it_ended_is_told(self, box: DockerExecutor) -> None:
        assert "its process exited (3)" in error_of(run(box, "import os\nos._exit(3)")).message
        assert "memory" in error_of(run(box, "x = []\nwhile True: x.append(bytearray(1 << 24))")).message
        assert value(box, "1 + 1") == 2

    def test_packages(self, url: str) -> None:
        lines: list[str] = []
        options = {"packages": ["iniconfig==2.0.0"], "packages_network": "host", "progress": lines.append}
        for _ in range(2):
            box = DockerExecutor(base_url=url, image=IMAGE, **options)
            box.prepare()
            assert value(box, "import iniconfig\n1") == 1
            box.cleanup()
        assert len([line for line in lines if line.startswith("installing")]) == 1

    def test_nothing_is_left(self, box: DockerExecutor, podman: Any, url: str) -> None:
        value(box, "1")
        assert containers(podman)
        box.cleanup()
        assert until(lambda: not containers(podman))
        host = subprocess.Popen(
            [sys.executable, "-c", HOST, url, IMAGE, "0", "while True: pass"], stdout=subprocess.PIPE
        )
        assert host.stdout is not None
        assert host.stdout.readline()
        assert until(lambda: any(each["State"] == "running" for each in containers(podman)))
        os.kill(host.pid, signal.SIGKILL)
        host.communicate()
        assert until(lambda: not containers(podman))
