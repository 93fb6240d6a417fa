"""The box itself: it starts only as strong as required, says what it is, and leaves nothing behind."""

import glob
import os
import select
import subprocess
import sys
import tempfile
import time

import pytest

from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor, folders, workers
from actlet.execution.sandbox.lockdown import missing


@pytest.fixture
def box():
    box = SandboxExecutor()
    yield box
    box.cleanup()


def mine() -> list[str]:
    return glob.glob(f"{tempfile.gettempdir()}/actletbox-{os.geteuid()}-{os.getpid()}-*")


def test_snippets_run_and_keep_their_variables(box):
    box.run("x = 20")
    assert box.run("x + 1").output == 21


def test_the_report_says_what_was_applied(box):
    assert box.report()["seccomp"] == "allow-list"


def test_a_worker_that_died_is_an_error_and_the_next_snippet_gets_a_fresh_one(box):
    output = box.run("import os; os._exit(3)")
    assert "its process exited (3)" in str(output.error)
    assert box.run("1 + 1").output == 2


def test_processor_time_ends_a_worker_with_the_reason():
    box = SandboxExecutor(cpu_seconds=1, timeout_seconds=20)
    try:
        assert "1 seconds of processor" in str(box.run("while True: pass").error)
    finally:
        box.cleanup()


def test_a_variable_that_is_larger_than_the_memory_says_so():
    box = SandboxExecutor(memory_mb=100)
    box.send_variables({"large": bytes(150_000_000)})
    assert "it had no memory left for what it was sent" in str(box.run("len(large)").error)
    box.send_variables({"large": b"small"})
    assert box.run("len(large)").output == 5
    box.cleanup()


def test_memory_is_limited_and_the_variables_are_kept(box):
    box.run("x = 1")
    assert box.run("y = bytes(3 << 30)").error.type == "MemoryError"
    assert box.run("x").output == 1


def test_a_folder_that_grows_too_large_without_mounts_ends_the_worker_with_the_reason():
    box = SandboxExecutor(disk_mb=8, namespaces=False)
    try:
        output = box.run(
            "import time\nfor n in range(20): open(str(n), 'wb').write(bytes(1 << 20))\ntime.sleep(20)"
        )
        assert "disk_mb=8" in str(output.error)
    finally:
        box.cleanup()


def test_a_box_refuses_to_start_below_what_is_required():
    box = SandboxExecutor(namespaces=False, require=["landlock", "seccomp", "namespaces"])
    with pytest.raises(BoxError, match=r"namespaces.*docker"):
        box.start()


def test_a_layer_that_failed_or_was_left_out_is_missing():
    report = {"landlock": 7, "seccomp": "failed: no", "folder": "left out"}
    assert missing(report, ("landlock", "seccomp", "folder")) == ["seccomp (failed: no)", "folder (left out)"]


@pytest.mark.parametrize(
    ("options", "error"),
    [({"memory_mb": 0}, ValueError), ({"require": ["magic"]}, ValueError), ({"readable_paths": "/x"}, TypeError),
     ({"writable_paths": ["/does/not/exist"]}, ValueError), ({"python": "/does/not/exist"}, BoxError)],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(options, error):
    with pytest.raises(error):
        SandboxExecutor(**options)


def test_a_fresh_box_has_the_same_settings():
    box = SandboxExecutor(memory_mb=300, preload=["json"], readable_paths=["/usr/share"])
    assert box.fresh()._settings() == box._settings()


def test_preloaded_modules_are_there_at_once():
    box = SandboxExecutor(preload=["decimal"])
    try:
        assert box.run("import sys; 'decimal' in sys.modules").output is True
    finally:
        box.cleanup()


def test_a_zygote_that_died_is_started_again(box):
    box.run("1")
    workers.zygote(box._shared).process.kill()
    select.select([box._worker.pidfd], [], [], 60)
    other = box.fresh()
    try:
        assert other.run("1 + 1").output == 2
    finally:
        other.cleanup()


def test_a_worker_whose_zygote_died_says_so(box):
    box.run("x = 1")
    workers.zygote(box._shared).process.kill()
    select.select([box._worker.pidfd], [], [], 60)
    output = box.run("x")
    assert "forked from" in str(output.error) + output.logs


def test_a_worker_that_crashed_says_so(box):
    output = box.run("import ctypes; ctypes.string_at(0)")
    assert "segmentation fault" in str(output.error)


def test_a_zygote_is_replaced_now_and_then_and_its_workers_live_on(box, monkeypatch):
    box.run("x = 1")
    first = workers.zygote(box._shared)
    monkeypatch.setattr(workers, "MOST_WORKERS", 1)
    other = box.fresh()
    other.run("1")
    assert workers.zygote(box._shared) is not first
    assert box.run("x").output == 1
    box.cleanup()
    other.cleanup()
    workers.zygote(box._shared)
    assert first.process.poll() is not None


def test_a_fork_of_the_host_starts_boxes_of_its_own(box):
    """And does not share one with its parent, whose messages would be mixed up with its own."""
    box.run("x = 1")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            fresh = box.fresh()
            said = f"{fresh.run('1 + 1').output}"
            fresh.cleanup()
            box.run("x = 2")
        except BoxError as error:
            said += f" {error}"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.waitpid(child, 0)
    said = os.read(read, 10_000).decode()
    os.close(read)
    os.close(write)
    assert said.startswith("2 ")
    assert "fresh()" in said
    assert box.run("x").output == 1


def test_many_boxes_run_at_once():
    boxes = [SandboxExecutor() for _ in range(20)]
    try:
        assert [box.run(f"{n} * 2").output for n, box in enumerate(boxes)] == [n * 2 for n in range(20)]
    finally:
        for box in boxes:
            box.cleanup()


def test_nothing_is_left_when_zygotes_are_closed():
    box = SandboxExecutor(namespaces=False)
    box.run("open('x', 'w').write('y')")
    assert mine()
    box.cleanup()
    workers.close_all()
    assert not mine()


HOST = """
import sys, time
from actlet.execution.sandbox import SandboxExecutor
box = SandboxExecutor(namespaces=sys.argv[1] == "True")
box.run("open('x', 'w').write('y')")
print(open(f"/proc/self/fdinfo/{box._worker.pidfd}").read().split("Pid:")[1].split()[0], flush=True)
sys.stdin.read()
box.cleanup()
"""


@pytest.mark.parametrize("namespaces", [True, False])
def test_of_a_host_that_was_killed_no_worker_is_left_and_the_next_host_removes_its_folders(namespaces, tmp_path):
    start = [sys.executable, "-c", HOST, str(namespaces)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(start, stdin=-1, stdout=-1, text=True, env=environment) as host:
        worker = int(host.stdout.readline())
        host.kill()
    end = time.monotonic() + 60
    while os.path.exists(f"/proc/{worker}") and time.monotonic() < end:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{worker}")
    assert list(tmp_path.iterdir())
    subprocess.run(start, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment, check=True)
    assert not list(tmp_path.iterdir())


def test_a_deep_folder_is_removed(tmp_path):
    os.mkdir(tmp_path / "top")
    here = os.open(tmp_path / "top", os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d" * 100, dir_fd=here)
        inner = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    folders.remove(str(tmp_path / "top"))
    assert not (tmp_path / "top").exists()


def test_removing_follows_no_link(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to(tmp_path / "kept")
    folders.remove(str(tmp_path / "top"))
    assert (tmp_path / "kept" / "file").exists()


def test_both_machines_have_a_filter():
    from actlet.execution.sandbox import seccomp

    for machine in ("x86_64", "aarch64"):
        program = seccomp.program(machine, 1)
        assert 100 < len(program) < 4_096
        assert all(len(line) == 8 for line in program)
    assert seccomp.table(seccomp.ALLOWED, 1)["read"] == 63
