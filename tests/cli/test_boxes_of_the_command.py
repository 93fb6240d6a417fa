"""Where the command runs code: in the sandbox, unless something else is asked for, or nothing else can be had."""

import json
import sys
from pathlib import Path

import pytest
from command_support import code

NO_LANDLOCK = Path(__file__).parents[1] / "support" / "no_landlock.py"
LOOK = "import os\nfinal_answer([os.environ.get('SECRET'), os.path.exists('mine.txt')])"


@pytest.fixture
def without_landlock(actlet):
    """The command on a machine where the sandbox can't be as strong as it has to be."""
    actlet.before = (sys.executable, str(NO_LANDLOCK))
    return actlet


@pytest.fixture
def mine(tmp_path, actlet):
    (tmp_path / "mine.txt").write_text("private")
    actlet.env["SECRET"] = "hidden"


@pytest.mark.parametrize("command", ["run", "chat"])
def test_code_runs_in_the_sandbox_unless_it_is_told_otherwise(actlet, serve, mine, command):
    _, model = serve(code(LOOK))
    done = actlet(command, *model, *(["Look."] if command == "run" else []), text="Look.\n")
    assert (done.returncode, done.stdout) == (0, "[null, false]\n")
    assert "WITHOUT isolation" not in done.stderr


def test_where_the_sandbox_does_not_work_code_runs_in_this_process_and_that_is_told(without_landlock, serve):
    _, model = serve(code("final_answer(6 * 7)"))
    done = without_landlock("run", *model, "Go.")
    assert (done.returncode, done.stdout) == (0, "42\n")
    for told in ("in this process, WITHOUT isolation", "Landlock needs Linux 5.13"):
        assert told in done.stderr


def test_a_sandbox_that_is_asked_for_is_never_replaced_by_less(without_landlock, serve):
    _, model = serve(code("final_answer(6 * 7)"))
    done = without_landlock("run", *model, "--executor", "sandbox", "Go.")
    assert (done.returncode, done.stdout) == (1, "")
    assert "refuses to start" in done.stderr
    assert "executor_type='docker'" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_says_why_the_sandbox_does_not_work_and_what_to_do(without_landlock):
    done = without_landlock("doctor", "--json")
    assert done.returncode == 0
    (found,) = [f for f in json.loads(done.stdout)["findings"] if f["name"] == "box sandbox"]
    assert found["ok"] is False
    assert "Landlock needs Linux 5.13" in found["remedy"]


def test_this_process_can_be_chosen(actlet, serve, mine):
    _, model = serve(code("final_answer(6 * 7)"))
    done = actlet("run", *model, "--executor", "local", "Go.")
    assert (done.returncode, done.stdout) == (0, "42\n")
    assert "isolation" not in done.stderr


def test_an_agent_without_code_needs_no_box(without_landlock, serve):
    _, model = serve("Nothing to do.")
    done = without_landlock("run", *model, "--agent", "tool-calling", "--max-steps", "1", "Go.")
    assert "isolation" not in done.stderr


def test_options_of_the_box_reach_it(actlet, serve):
    _, model = serve(code("x = bytes(200 << 20)"), code("final_answer(1)"))
    done = actlet("run", *model, "--executor-option", "memory_mb=128", "Go.")
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "MemoryError" in done.stderr


def test_packages_are_installed_for_the_code(actlet, serve, package):
    _, model = serve(code("import greeting\nfinal_answer(greeting.hello())"))
    done = actlet("run", *model, "--packages", package, "Go.")
    assert (done.returncode, done.stdout) == (0, "hello from the package\n"), done.stderr
    assert "Successfully installed greeting" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--executor-option", "memory_mb", "Go."], "'memory_mb' is not KEY=VALUE"),
        (
            ["--executor-option", "colour=blue", "Go."],
            "a box of the type 'sandbox' has no option 'colour'. There is: memory_mb, cpu_seconds, ",
        ),
        (
            ["--agent", "tool-calling", "--executor", "nope", "--packages", "foo", "Go."],
            "--executor and --packages: an agent that acts by tool calls runs no code, and has no box",
        ),
        (["--agent", "tool-calling", "--imports", "math", "Go."], "--imports: an agent"),
        (["--agent", "tool-calling", "--executor-option", "a=b", "Go."], "--executor-option: an agent"),
        (["--agent", "tool-calling", "--snippet-timeout", "3", "Go."], "--snippet-timeout: an agent"),
        (["--executor-option", "memory_mb=-1", "Go."], "memory_mb must be a whole number above 0"),
        (["--executor", "local", "--packages", "numpy", "Go."], "--executor sandbox, docker or wasm"),
        (["--packages", "--index-url=http://x", "Go."], "--packages"),
    ],
)
def test_options_that_make_no_sense_end_with_exit_code_2(actlet, serve, arguments, told):
    server, model = serve("never asked")
    done = actlet("run", *model, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert server.requests == []


@pytest.mark.parametrize("options", [(), ("--executor-option", "timeout_seconds=9")])
@pytest.mark.parametrize(("box", "remedy"), [("docker", "start Docker"), ("e2b", "E2B_API_KEY")])
def test_a_box_that_cannot_be_started_is_told_with_the_remedy(actlet, serve, box, remedy, options):
    _, model = serve(code("final_answer(1)"))
    actlet.env["DOCKER_HOST"] = f"unix://{actlet.folder}/no-engine.sock"
    done = actlet("run", *model, "--executor", box, *options, "Go.")
    assert (done.returncode, done.stdout) == (1, "")
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
