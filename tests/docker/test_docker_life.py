"""How containers begin and end: with their box, by their own doing, and when their owner dies."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from docker_support import HOST, Boxes, containers, until, value
from private_engine import IMAGE

from actlet.execution.docker import DockerExecutor
from actlet.execution.docker.engine import engine_at
from actlet.execution.docker.owner import OWNER, sweep
from actlet.testing.conformance import Reading, error_of, run

pytestmark = pytest.mark.xdist_group("docker")  # one worker starts one engine for all


@pytest.fixture
def host(engine_url: str) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts such a program; gives its process and its container's id."""
    started = []

    def start(code: str, warm: int = 0) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", HOST, engine_url, IMAGE, str(warm), code]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def _nothing_of_before(api: Any) -> None:
    """What earlier tests made is gone."""
    gc.collect()
    assert until(lambda: not mine(api))


def mine(api: Any) -> list[str]:
    """The containers of this process."""
    return [c["Id"] for c in containers(api) if f"/{os.getpid()}/" in c["Labels"][OWNER]]


def test_a_container_ends_with_its_box(make_box: Boxes, api: Any) -> None:
    box = make_box()
    value(box, "1")
    assert len(mine(api)) == 1
    box.cleanup()
    assert until(lambda: not mine(api))


def test_a_box_that_nobody_has_any_more_leaves_no_container(engine_url: str, api: Any) -> None:
    box = DockerExecutor(base_url=engine_url, image=IMAGE)
    value(box, "1")
    assert mine(api)
    del box
    gc.collect()
    assert until(lambda: not mine(api))


def test_a_container_that_was_killed_is_an_error_and_the_next_snippet_gets_another(
    make_box: Boxes, api: Any
) -> None:
    box = make_box()
    run(box, "a = 1")
    reading = Reading(box, "print('on')\nimport time\ntime.sleep(60)")
    reading.next()
    (old,) = mine(api)
    api.kill(old)
    error = error_of(reading.output())
    assert error.type == "BoxError"
    assert "killed" in error.message
    assert "the variables a" in error.message
    assert value(box, "1 + 1") == 2
    assert mine(api) != [old]


def test_a_container_that_was_killed_between_two_snippets_is_told(make_box: Boxes, api: Any) -> None:
    box = make_box()
    run(box, "a = 1")
    (old,) = mine(api)
    api.kill(old)
    assert until(lambda: old not in mine(api))
    output = run(box, "2")
    assert output.output == 2
    assert "ended between two snippets" in output.logs


def test_how_a_kernel_ended_is_told(make_box: Boxes) -> None:
    box = make_box()
    assert "its process exited (3)" in error_of(run(box, "import os\nos._exit(3)")).message
    crash = error_of(run(box, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")).message
    assert "SIGSEGV" in crash


def test_eight_at_once(make_box: Boxes, api: Any) -> None:
    def work(number: int) -> Any:
        box = make_box()
        value(box, f"import os\nopen('mine', 'w').write('{number}')\nn = {number}")
        return value(box, "(n, open('mine').read(), os.listdir())")

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(work, range(8)))
    assert results == [(number, str(number), ["mine"]) for number in range(8)]
    assert len(mine(api)) == 8


def test_an_interrupted_start_leaves_nothing(make_box: Boxes, api: Any) -> None:
    box = make_box()
    starting = threading.Thread(target=lambda: run(box, "1"))
    starting.start()
    assert until(lambda: bool(mine(api)))
    box.cleanup()
    starting.join(60)
    box.cleanup()
    assert until(lambda: not mine(api))


def test_a_child_that_was_killed_for_memory_is_not_why_a_kernel_ended(make_box: Boxes) -> None:
    box = make_box(memory_mb=128, disk_mb=16)
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'x = bytearray(1 << 30); x[:] = bytes(1 << 30)']).returncode"
    assert value(box, code) == -signal.SIGKILL
    assert "its process exited (3)" in error_of(run(box, "import os\nos._exit(3)")).message


def test_an_engine_that_goes_away_is_an_error(engine_url: str, tmp_path: Path) -> None:
    with Doorway(engine_url, tmp_path / "engine.sock") as url:
        box = DockerExecutor(base_url=url, image=IMAGE)
        reading = Reading(box, "print('on')\nimport time\ntime.sleep(60)")
        reading.next()
    assert "the engine doesn't answer any more" in error_of(reading.output()).message
    assert error_of(run(box, "1")).fatal
    box.cleanup()


class Doorway:
    """A second address of an engine, which is shut at the end, with all connections through it."""

    def __init__(self, url: str, path: Path) -> None:
        self._engine, self._path = url.removeprefix("unix://"), path
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(64)
        self._ends: list[socket.socket] = []

    def __enter__(self) -> str:
        threading.Thread(target=self._accept, daemon=True).start()
        return f"unix://{self._path}"

    def __exit__(self, *_: object) -> None:
        self._path.unlink()
        for end in (self._server, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, _ = self._server.accept()
                outer = socket.socket(socket.AF_UNIX)
                outer.connect(self._engine)
                self._ends += [inner, outer]
                for ends in ((inner, outer), (outer, inner)):
                    threading.Thread(target=carry, args=ends, daemon=True).start()


def carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class TestTheHostDies:
    @pytest.mark.parametrize("code", ["import time\ntime.sleep(600)", "while True: pass"])
    def test_its_container_ends_by_itself(self, host: Any, api: Any, code: str) -> None:
        process, number = host(code)
        assert until(lambda: running_ids(api, number))
        os.kill(process.pid, signal.SIGKILL)
        assert until(lambda: not listed(api, number))

    def test_one_that_was_kept_from_it_is_swept_up_by_the_next_process(self, host: Any, api: Any) -> None:
        stuck = "import os, signal\nfor t in os.listdir('/proc/self/task'): pass\nimport re\nprint('on')\nre.match(r'(a+)+$', 'a' * 64 + 'b')"
        process, number = host(stuck)
        assert until(lambda: running_ids(api, number))
        time.sleep(1)  # it is in a regular expression now, which lets no other thread go on
        assert number not in sweep(api)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert number in sweep(api) or not listed(api, number)
        assert until(lambda: not listed(api, number))

    def test_what_it_has_started_ahead_ends_too(self, host: Any, api: Any) -> None:
        process, _ = host("import time\ntime.sleep(600)", warm=2)
        assert until(lambda: [running_ids(api, each) for each in of_process(api, process.pid)] == [True] * 3)
        os.kill(process.pid, signal.SIGKILL)
        assert until(lambda: not of_process(api, process.pid))

    def test_a_process_that_exits_leaves_nothing(self, engine_url: str, api: Any) -> None:
        code = HOST.replace("time.sleep(600)", "")
        command = [sys.executable, "-c", code, engine_url, IMAGE, "1", "while True: pass"]
        number = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout.strip()
        assert number
        assert until(lambda: not listed(api, number))


def listed(api: Any, number: str) -> bool:
    return any(container["Id"] == number for container in containers(api))


def running_ids(api: Any, number: str) -> bool:
    return any(c["Id"] == number and c["State"] == "running" for c in containers(api))


def of_process(api: Any, pid: int) -> list[str]:
    return [c["Id"] for c in containers(api) if f"/{pid}/" in c["Labels"][OWNER]]


def test_the_sweep_leaves_others_alone(make_box: Boxes, engine_url: str, api: Any) -> None:
    box = make_box()
    value(box, "a = 1")
    theirs = api.create_container(IMAGE, ["python3", "-c", "1"])["Id"]
    elsewhere = api.create_container(IMAGE, ["python3", "-c", "1"], labels={"actlet": "1", OWNER: "other/b/s/1/1"})[
        "Id"
    ]
    try:
        assert not {theirs, elsewhere} & set(sweep(api))
        assert value(box, "a") == 1
        left = {container["Id"] for container in api.containers(all=True)}
        assert {theirs, elsewhere} <= left
    finally:
        api.remove_container(theirs)
        api.remove_container(elsewhere)


class TestWarm:
    def test_a_box_takes_a_container_that_was_started_ahead(self, make_box: Boxes, api: Any) -> None:
        box = make_box(warm=2, max_processes=101)
        box.prepare()
        assert until(lambda: len(mine(api)) == 2)
        ahead = set(mine(api))
        value(box, "1")
        assert box._container is not None
        assert box._container.id in ahead
        assert until(lambda: len(mine(api)) == 3)

    def test_boxes_that_are_alike_share_them(self, make_box: Boxes, api: Any) -> None:
        first, second = make_box(warm=1, max_processes=102), make_box(warm=1, max_processes=102)
        first.prepare()
        second.prepare()
        assert until(lambda: len(mine(api)) == 1)
        assert {value(first, "1"), value(second, "2")} == {1, 2}

    def test_one_that_died_while_it_waited_is_not_taken(self, make_box: Boxes, api: Any) -> None:
        box = make_box(warm=1, max_processes=103)
        box.prepare()
        assert until(lambda: any(running_ids(api, number) for number in mine(api)))
        (old,) = mine(api)
        api.remove_container(old, force=True)
        assert value(box, "1") == 1

    def test_they_end_with_the_last_box_of_their_kind(self, engine_url: str, api: Any) -> None:
        box = DockerExecutor(base_url=engine_url, image=IMAGE, warm=2, max_processes=104)
        box.prepare()
        value(box, "1")
        assert until(lambda: len(mine(api)) == 3)
        box.cleanup()
        del box
        gc.collect()
        assert until(lambda: not mine(api))


def test_the_engine_is_connected_to_once(engine_url: str) -> None:
    assert engine_at(engine_url) is engine_at(engine_url)


def test_nothing_is_left_on_the_machine(make_box: Boxes, api: Any) -> None:
    before = volumes_and_networks(api), len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        box = make_box()
        value(box, "open('f', 'w').write('x')")
        box.cleanup()
    del box
    gc.collect()
    assert until(lambda: not mine(api))
    assert volumes_and_networks(api) == before[0]
    assert until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before[1] + 2)


def volumes_and_networks(api: Any) -> Any:
    return api.volumes()["Volumes"], {network["Id"] for network in api.networks()}
