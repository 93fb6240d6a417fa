"""What a box in a cloud promises beyond the conformance suite: its end, its start that fails, its secrets."""

import gc
import os
import subprocess
import sys
import time
import zipfile

import pytest

from actlet import BoxError, CodeAgent, MissingExtraError, tool
from actlet.execution.boxes import make_box, readiness
from actlet.execution.clouds.e2b import E2BExecutor
from actlet.execution.clouds.modal import ModalExecutor
from actlet.testing import ScriptedModel


@pytest.fixture
def box(cloud):
    box = cloud.box()
    yield box
    box.cleanup()


def running(cloud):
    """The sandboxes that the service would bill for."""
    return [machine for machine in cloud.machines if not machine.ended]


def until(condition):
    """Wait for what has to come about, for as long as a slow machine may take."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def printing(box, code):
    """Start a snippet; return when it has printed something, with the queue of what comes."""
    import queue

    told = queue.SimpleQueue()
    box.submit(code, told.put)
    told.get(timeout=60)
    return told


def outcome(told):
    while not hasattr(event := told.get(timeout=60), "error"):
        pass
    return event


# The end of a sandbox


def test_a_sandbox_is_given_back_on_cleanup(cloud, box):
    box.run("1")
    assert running(cloud)
    box.cleanup()
    assert not running(cloud)


def test_a_box_that_is_dropped_gives_its_sandbox_back(cloud):
    box = cloud.box()
    box.run("1")
    del box
    gc.collect()
    until(lambda: not running(cloud))


def test_a_sandbox_is_given_back_when_python_exits(cloud):
    script = (
        f"{cloud.preamble}from {cloud.kind.__module__} import {cloud.kind.__name__}\n"
        f"box = {cloud.kind.__name__}()\nprint(box.run('6 * 7').text)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("42\n", 0), done.stderr
    assert not running(cloud)


def test_when_the_services_time_is_up_the_error_says_so_and_how_to_have_more(cloud):
    box = cloud.box(**cloud.short, timeout_seconds=60)
    error = box.run("kept = 1\nimport time\ntime.sleep(50)").error
    assert error.type == "BoxError"
    assert "the sandbox's time was up after 5 s: pass " in error.message
    box.cleanup()


def test_a_sandbox_that_is_ended_from_outside_is_an_error_and_the_next_snippet_gets_a_new_one(cloud, box):
    box.run("made = 1")
    told = printing(box, "print('on', flush=True)\nimport time\ntime.sleep(50)")
    cloud.kill(cloud.machines[-1])
    error = outcome(told).error
    assert error.type == "BoxError"
    assert "ended from outside" in error.message
    assert "made" in error.message
    assert box.run("6 * 7").output == 42


def test_a_kernel_that_dies_takes_its_sandbox_along(cloud, box):
    error = box.run("import os\nos._exit(3)").error
    assert "its process exited (3)" in error.message
    until(lambda: not running(cloud))


@pytest.mark.parametrize("name", ["e2b", "blaxel"])
def test_a_connection_that_breaks_is_an_error_and_leaves_nothing(name, request):
    cloud = request.getfixturevalue(name)
    box = cloud.box(timeout_seconds=60)
    told = printing(box, "print('on', flush=True)\nimport time\ntime.sleep(50)")
    cloud.drop_connections()
    error = outcome(told).error
    assert error.type == "BoxError"
    assert "the connection to the sandbox was lost" in error.message
    until(lambda: not running(cloud))
    assert box.run("6 * 7").output == 42
    box.cleanup()


def test_modal_takes_a_broken_connection_up_again_and_nothing_is_lost(modal):
    box = modal.box(timeout_seconds=60)
    told = printing(box, "print('on', flush=True)\nimport time\ntime.sleep(1)\nprint('x' * 200_000)\n'done'")
    modal.drop_connections()
    output = outcome(told)
    assert (output.output, output.error) == ("done", None)
    box.cleanup()


# A start that fails


def test_a_wrong_login_is_an_error_that_says_so(cloud):
    box = cloud.box(**cloud.wrong_login)
    with pytest.raises(BoxError, match=r"(?i)401|unauthori|malformed"):
        box.start()
    assert not running(cloud)


@pytest.mark.parametrize(("quota", "words"), [(True, "used up your sandboxes"), (False, "out of order|500")])
def test_a_refusal_is_an_error_with_the_services_words(cloud, quota, words):
    cloud.refuse(quota)
    box = cloud.box()
    try:
        with pytest.raises(BoxError, match=f"{box.service} gave no sandbox: .*({words})"):
            box.start()
    finally:
        cloud.accept()
    assert not running(cloud)
    assert box.run("6 * 7").output == 42
    box.cleanup()


def test_a_kernel_that_does_not_start_is_an_error_with_its_own_words_and_leaves_nothing(cloud, monkeypatch):
    cloud.break_python(monkeypatch, "/there/is/no/python")
    with pytest.raises(BoxError, match=r"the box's kernel didn't start: its process exited \(12\d\).*no/python"):
        cloud.box().start()
    until(lambda: not running(cloud))


def test_a_package_that_cannot_be_had_is_an_error_and_leaves_nothing(cloud):
    with pytest.raises(BoxError, match=r"no-such-file\.whl"):
        cloud.box(packages=["/tmp/no-such-file.whl"], progress=None).start()
    assert not running(cloud)


def test_without_a_key_there_is_an_error_that_names_the_variable(monkeypatch):
    monkeypatch.delenv("E2B_API_KEY", raising=False)
    with pytest.raises(BoxError, match="set E2B_API_KEY, or pass api_key="):
        E2BExecutor()


@pytest.mark.parametrize("words", ["from actlet.execution.clouds.modal import ModalExecutor as Box", "from actlet.execution.clouds.blaxel import BlaxelExecutor as Box"])  # fmt: skip
def test_without_a_login_the_start_fails_with_the_name_of_the_variable(words, tmp_path):
    names = ("MODAL_", "BL_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    script = f"{words}\nfrom actlet import BoxError\ntry: Box().start()\nexcept BoxError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        env={**clean, "HOME": str(tmp_path)},
    )
    assert "MODAL_TOKEN_ID" in done.stdout or "BL_API_KEY" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["e2b", "modal", "blaxel"])
def test_without_the_sdk_there_is_an_error_that_names_the_extra(name):
    script = (
        "from importlib import util\n"
        f"seen = util.find_spec\nutil.find_spec = lambda name, *rest: None if name == {name!r} else seen(name, *rest)\n"
        f"from actlet.execution.boxes import make_box, readiness\nprint(readiness({name!r}).remedy)\nmake_box({name!r}, [])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert MissingExtraError.__name__ in done.stderr
    assert f"pip install 'actlet[{name}]'" in done.stderr
    assert f"pip install 'actlet[{name}]'" in done.stdout


# Packages


def test_packages_are_installed_with_progress_and_their_modules_are_there(cloud, tmp_path):
    told = []
    box = cloud.box(packages=[str(a_wheel(tmp_path))], progress=told.append, timeout_seconds=60)
    assert box.run("import tiny_package\ntiny_package.answer()").output == 42
    assert any("tiny_package" in line for line in told)
    box.cleanup()


def a_wheel(folder):
    wheel = folder / "tiny_package-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny_package.py", "def answer():\n    return 42\n")
        file.writestr(
            "tiny_package-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n"
        )
        file.writestr("tiny_package-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")  # fmt: skip
        file.writestr("tiny_package-1.0.dist-info/RECORD", "")
    return wheel


# What goes through


def test_output_that_comes_in_small_odd_pieces_is_whole(cloud):
    cloud.chunk(7)
    try:
        box = cloud.box(timeout_seconds=60)
        output = box.run("text = 'aü€😀' * 500\nprint(text)\ntext")
    finally:
        cloud.chunk(65_536)
    assert output.error is None
    assert output.output + "\n" == output.logs == "aü€😀" * 500 + "\n"
    box.cleanup()


def test_large_values_cross_both_ways(cloud, box):
    data = os.urandom(5_000_000)
    box.send_variables({"data": data})
    assert box.run("data[::-1]").output == data[::-1]


def test_a_large_file_goes_there_and_back_and_is_not_taken_for_the_snippets(cloud, box):
    data = os.urandom(6_000_000)
    box.put_file("in/large.bin", data)
    assert len(cloud.machines[-1].typed) < 100_000  # it didn't go by way of the kernel
    output = box.run("import os\nopen('small.txt', 'w').write('ü')\nos.path.getsize('in/large.bin')")
    assert (output.output, output.files) == (6_000_000, ("small.txt",))
    assert box.get_file("in/large.bin") == data
    assert box.get_file("small.txt") == "ü".encode()
    assert box.run("os.rename('in/large.bin', 'other.bin')").files == ("other.bin",)
    with pytest.raises(FileNotFoundError):
        box.get_file("in/large.bin")


def test_a_lot_of_printed_text_is_whole(cloud):
    box = cloud.box(max_print_outputs_length=10_000_000, timeout_seconds=60)
    output = box.run("for number in range(60_000): print(number, 'ü' * 20)")
    assert output.logs == "".join(f"{number} {'ü' * 20}\n" for number in range(60_000))
    box.cleanup()


def test_what_a_child_of_the_snippet_prints_is_printed_and_does_not_disturb(cloud, box):
    output = box.run("import subprocess\nsubprocess.run(['sh', '-c', 'echo from a child; cat'], check=True)\n6 * 7")
    assert (output.output, output.logs) == (42, "from a child\n")


# Secrets


def test_neither_keys_nor_the_hosts_environment_get_into_a_sandbox(cloud, monkeypatch):
    monkeypatch.setenv("A_SECRET_OF_THE_HOST", "s3cr3t-of-the-host")

    @tool
    def ask(question: str) -> str:
        """Asks a service that wants a password.

        Args:
            question: What to ask.
        """
        return f"{question}: answered with {len(os.environ['A_SECRET_OF_THE_HOST'])} letters"

    box = cloud.box()
    code = "import os\nprint(ask('x'))\nseen = open('/proc/self/environ').read() + repr(dict(os.environ))\nfinal_answer(seen)"
    agent = CodeAgent(
        [ask], ScriptedModel([f"Thought: go.\n<code>\n{code}\n</code>"]), executor=box, verbosity_level=-1
    )
    seen = agent.run("Look around.")
    machine = cloud.machines[-1]
    box.cleanup()
    everything = machine.everything() + seen.encode()
    assert b"question" in everything
    for secret in (*cloud.secrets, "s3cr3t-of-the-host", "A_SECRET_OF_THE_HOST"):
        assert secret.encode() not in everything


# Settings


def test_a_fresh_box_has_the_same_settings(cloud):
    box = cloud.box(timeout_seconds=7, packages=["humanize"], create_kwargs={"cpu": 2})
    assert box.fresh()._settings() == box._settings()


def test_the_boxes_can_be_had_by_name(cloud):
    name = cloud.kind.extra
    assert type(make_box(name, ["numpy"])) is cloud.kind
    assert readiness(name).ok


def test_e2b_is_asked_for_a_short_lease_which_is_renewed_while_the_box_lives(e2b):
    box = e2b.box(lease=9, timeout=1000)
    box.run("1")
    assert e2b.stand_in.asked[-1]["timeout"] == 9
    until(lambda: e2b.stand_in.renewed)
    assert e2b.stand_in.renewed[-1] == 9
    assert box.run("6 * 7").output == 42
    box.cleanup()


def test_modal_builds_an_image_with_the_packages(modal, tmp_path):
    wheel = a_wheel(tmp_path)
    box = modal.box(packages=[str(wheel)], create_kwargs={"memory": 256}, progress=None)
    box.run("1")
    box.cleanup()
    assert modal.stand_in.plane.built[-1] == [f"RUN python -m pip install {wheel}"]
    assert next(reversed(modal.stand_in.plane.sandboxes.values())).definition.resources.memory_mb == 256


@pytest.mark.parametrize(
    ("kind", "options"),
    [(E2BExecutor, {"timeout": 0}), (ModalExecutor, {"timeout": 100_000}), (ModalExecutor, {"token_id": "only"})],
)
def test_options_that_cannot_be_are_refused_at_once(kind, options):
    with pytest.raises(ValueError, match=r"timeout|token"):
        kind(**options)
