"""The life of a box: started when first needed, one for each session, closed with it, and never a hang."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from actlet import CodeAgent
from actlet.errors import BoxError
from actlet.execution.box import CodeOutput
from actlet.execution.boxes import BOXES, box_class
from actlet.execution.protocol import RemoteBox
from actlet.execution.sandbox import SandboxExecutor
from actlet.testing import ProcessExecutor, ScriptedModel

SOURCES = Path(__file__).parents[2] / "src"


class Unstartable(RemoteBox):
    """A box whose engine isn't there."""

    def _start(self):
        raise BoxError("no engine answers at /run/engine.sock: start it, or use executor_type='sandbox'")

    def _kill(self):
        raise AssertionError("there is nothing to end")


class Slow(ProcessExecutor):
    """A box that begins to start, and goes on when it is let."""

    def __init__(self, **options):
        super().__init__(**options)
        self.begun, self.let = threading.Event(), threading.Event()

    def _start(self):
        self.begun.set()
        assert self.let.wait(60)
        return super()._start()


def script(*snippets, **options):
    return ScriptedModel([f"<code>\n{snippet}\n</code>" for snippet in snippets], **options)


def agent_of(model, **options):
    return CodeAgent(tools=[], model=model, verbosity_level=0, **options)


def pid_of(box):
    return box.run("import os\nos.getpid()").output


def gone(pid):
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.01)
    return not os.path.exists(f"/proc/{pid}")


# Starting


@pytest.mark.parametrize("way", ["run", "arun"])
def test_a_box_that_cannot_start_is_an_error_of_the_run_with_the_remedy(way):
    agent = agent_of(script("1", "2", "3"), executor=Unstartable())
    with pytest.raises(BoxError, match="start it, or use executor_type='sandbox'"):
        agent.run("Go.") if way == "run" else asyncio.run(agent.arun("Go."))
    assert len(agent.model.calls) == 1


def test_a_python_that_is_not_there_is_an_error_of_the_run():
    agent = agent_of(script("1"), executor=ProcessExecutor(python="/no/such/python"))
    with pytest.raises(BoxError, match="/no/such/python"):
        agent.run("Go.")


def test_a_program_that_is_no_kernel_is_an_error_of_the_run():
    agent = agent_of(script("1"), executor=ProcessExecutor(python="/bin/true"))
    with pytest.raises(BoxError, match="its process exited"):
        agent.run("Go.")


def test_a_box_called_by_hand_that_cannot_start_says_so():
    with pytest.raises(BoxError, match="no engine answers"):
        Unstartable()("1")


def test_a_box_is_started_when_the_first_snippet_runs():
    box = ProcessExecutor()
    agent = agent_of(script("final_answer(1)"), executor=box)
    session = agent.session()
    assert box._link is None
    assert session.run("Go.") == 1
    assert box._link is not None
    session.close()
    assert box._link is None


def test_an_interrupt_does_not_wait_for_a_box_that_starts():
    box, ended = Slow(), []
    box.submit("1", ended.append)
    assert box.begun.wait(60)
    box.interrupt()
    assert [output.error.type for output in ended if isinstance(output, CodeOutput)] == ["KeyboardInterrupt"]
    box.let.set()
    assert box.run("2").output == 2
    box.cleanup()


def test_a_box_that_is_closed_while_it_starts_leaves_nothing():
    box, ended = Slow(), []
    box.submit("1", ended.append)
    assert box.begun.wait(60)
    threading.Timer(0.1, box.let.set).start()
    box.cleanup()
    assert box._process.poll() is not None
    assert box._link is None
    assert len(ended) == 1
    assert box.run("3").output == 3
    box.cleanup()


# One for each session


def test_a_session_keeps_its_box_across_its_runs():
    agent = agent_of(
        script("import os\nx = os.getpid()\nfinal_answer(x)", "final_answer((x, os.getpid()))"),
        executor_type="sandbox",
    )
    with agent.session() as session:
        first = session.run("Go.")
        assert session.run("On.") == (first, first)


def test_sessions_do_not_share_a_box():
    agent = agent_of(script("x = 1\nfinal_answer(x)", "final_answer('x' in globals())"), executor_type="sandbox")
    with agent.session() as one, agent.session() as other:
        assert (one.run("Go."), other.run("Go.")) == (1, False)
        assert one.box is not other.box


def test_a_worker_that_dies_is_told_to_the_model_and_the_next_snippet_gets_a_new_one():
    model = script("kept = 41", "import os\nos._exit(7)", "print('kept' in globals())", "final_answer(2)")
    with agent_of(model, executor=ProcessExecutor()) as agent:
        assert agent.run("Go.") == 2
    errors = [str(step.error) for step in agent.memory.steps if getattr(step, "error", None)]
    assert len(errors) == 1
    assert "its process exited (7)" in errors[0]
    assert "kept" in errors[0]
    assert "False" in agent.memory.steps[-2].observations


# Closing


@pytest.mark.parametrize("kind", [ProcessExecutor, SandboxExecutor])
def test_an_agent_in_a_with_block_closes_its_box(kind):
    box = kind()
    with agent_of(script("final_answer(1)"), executor=box) as agent:
        agent.run("Go.")
        assert box._link is not None
    assert box._link is None


def test_a_box_that_nobody_needs_any_more_is_closed():
    box = ProcessExecutor()
    pid = pid_of(box)
    del box
    assert gone(pid)


ENDS = {
    "the end of the program": "",
    "sys.exit": "sys.exit(0)",
    "an error": "raise ValueError('no')",
    "SIGKILL": "os.kill(os.getpid(), 9)",
    "SIGTERM": "os.kill(os.getpid(), 15)",
}
HOST = """
import os, sys, threading
from actlet.execution.sandbox import SandboxExecutor
from actlet.testing import ProcessExecutor

inside = lambda code: "import os\\n" + code
busy = ProcessExecutor()
idle = ProcessExecutor()
box = SandboxExecutor(namespaces=False)
pids = [idle.run(inside("os.getpid()")).output, busy.run(inside("os.getpid()")).output]
pids.append(box.run(inside("os.getpid()")).output)
threading.Thread(target=busy.run, args=("while True: pass",), daemon=True).start()
while busy._snippet is None:
    pass
print(*pids, flush=True)
"""


@pytest.mark.parametrize("end", ENDS)
def test_boxes_end_with_the_process_that_made_them(end):
    done = subprocess.run(
        [sys.executable, "-c", HOST + ENDS[end]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES)}, timeout=60,
    )  # fmt: skip
    pids = done.stdout.split()
    assert len(pids) == 3
    assert all(map(gone, pids))


def test_a_forked_process_leaves_the_boxes_of_its_parent_alone():
    box = ProcessExecutor()
    box.run("x = 1")
    code = 0
    child = os.fork()
    if child == 0:
        try:
            box.cleanup()
        except BaseException:
            code = 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert box.run("x").output == 1
    box.cleanup()


# Every kind

KEYS = ("E2B_API_KEY", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "BL_API_KEY", "BL_WORKSPACE")


@pytest.mark.parametrize("name", [name for name in BOXES if name != "local"])
def test_every_box_is_taken_by_name_with_options_as_an_object_and_from_a_function(name, monkeypatch):
    for key in KEYS:
        monkeypatch.setenv(key, "a-key")
    kind = box_class(name)
    named = agent_of(script("1"), executor_type=name, executor_kwargs={"timeout_seconds": 7})
    box = named.session().box
    assert (type(box), box.timeout_seconds) == (kind, 7)
    own = kind(timeout_seconds=7)
    assert agent_of(script("1"), executor=own).session().box is own
    assert type(agent_of(script("1"), executor=kind).session().box) is kind
    told = [agent_of(script("1"), executor_type=name), agent_of(script("1"), executor=own)]
    assert all("Modules that can be imported: all of Python's standard library" in a.system_prompt for a in told)


# What the model is told


def imports_told(**options):
    prompt = agent_of(script("1"), **options).system_prompt
    return next(line for line in prompt.splitlines() if line.startswith("Modules that can be imported"))


def test_the_prompt_says_what_can_be_imported_in_each_kind_of_box():
    library = "Modules that can be imported: all of Python's standard library"
    assert "itertools, math" in imports_told()
    assert imports_told(executor_type="sandbox") == library
    assert imports_told(executor=ProcessExecutor(), additional_authorized_imports=["numpy"]) == f"{library}, numpy"
    assert imports_told(executor_type="sandbox", additional_authorized_imports=["*"]).endswith(
        "any that are installed"
    )


@pytest.mark.parametrize("box", ["local", "sandbox"])
def test_options_that_a_box_does_not_take_are_refused_when_the_agent_is_made(box):
    with pytest.raises(TypeError, match="colour"):
        agent_of(script("1"), executor_type=box, executor_kwargs={"colour": "blue"})
    with pytest.raises(ValueError, match="timeout_seconds"):
        agent_of(script("1"), executor_type=box, executor_kwargs={"timeout_seconds": -1})


def test_a_box_in_which_something_has_not_ended_yet_is_not_handed_on():
    box, ended = ProcessExecutor(), []
    agent = agent_of(script("final_answer(1)", "final_answer(2)"), executor=box)
    agent.run("Go.")
    first = pid_of(box)
    box.submit("import time\ntime.sleep(60)", ended.append)
    assert agent.run("Go.") == 2
    assert gone(first)
    assert len(ended) == 1
    agent.close()
