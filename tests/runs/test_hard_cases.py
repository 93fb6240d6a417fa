"""What tools, models and callbacks do that they shouldn't: no run hangs, none is lost, and what happened is told."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from actlet import ActionStep, AgentInterruptedError, CodeAgent, ToolCallingAgent, tool
from actlet.errors import AgentGenerationError
from actlet.messages import ChatMessage, ChatMessageStreamDelta, MessageRole, TokenUsage
from actlet.models import Model
from actlet.testing import ScriptedModel

ANSWER = [("final_answer", {"answer": "done"})]
CODE_ANSWER = "<code>\nfinal_answer(1)\n</code>"


@tool
def leave() -> None:
    """Leaves the program."""
    sys.exit(3)


@tool
async def cancelled() -> None:
    """Is cancelled from inside, as tools over httpx and anyio are."""
    raise asyncio.CancelledError("an inner task was cancelled")


@tool
def note() -> str:
    """Says that all is well."""
    return "well"


def calling(*calls: str, **options: Any) -> ToolCallingAgent:
    script = ScriptedModel([[(name, {}) for name in calls], ANSWER])
    return ToolCallingAgent([leave, cancelled, note], script, verbosity_level=-1, **options)


def by_run(agent: Any) -> Any:
    return agent.run("go")


def by_arun(agent: Any) -> Any:
    async def main() -> Any:
        return await asyncio.wait_for(agent.arun("go"), 10)

    return asyncio.run(main())


@pytest.mark.parametrize("run", [by_run, by_arun])
@pytest.mark.parametrize("calls", [("cancelled",), ("cancelled", "note"), ("leave", "note")])
def test_a_tool_that_raises_what_tools_should_not_is_a_tool_that_failed(run: Any, calls: tuple[str, ...]) -> None:
    agent = calling(*calls)
    assert run(agent) == "done"
    step = next(step for step in agent.memory.steps if isinstance(step, ActionStep))
    assert "cancelled from inside" in step.observations or "SystemExit" in step.observations
    assert calls[1:] == () or "well" in step.observations


def test_a_tool_that_leaves_the_program_fails_on_an_event_loop() -> None:
    assert by_arun(calling("leave")) == "done"


class Misbehaving(Model):
    """A model that does what it is told to when it is asked."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(model_id="misbehaving")
        self.act = act

    def generate(self, messages: Any, stop_sequences: Any = None) -> Any:
        return self.act()


@pytest.mark.parametrize(
    ("reply", "told"), [("just text", "must reply with a ChatMessage"), (None, "must reply with a ChatMessage")]
)
def test_a_model_that_replies_with_something_else_is_told_what_to_reply_with(reply: Any, told: str) -> None:
    with pytest.raises(AgentGenerationError, match=told):
        CodeAgent([], Misbehaving(lambda: reply), verbosity_level=-1).run("go")


def test_a_generate_that_is_a_coroutine_function_is_told_its_right_name() -> None:
    class Wrong(Model):
        async def generate(self, messages: Any, **_: Any) -> Any:  # type: ignore[override]
            return None

    with pytest.raises(AgentGenerationError, match="call it agenerate"):
        CodeAgent([], Wrong(), verbosity_level=-1).run("go")


def test_a_model_is_given_only_what_it_takes() -> None:
    class Plain(Model):
        def generate(self, messages: Any) -> ChatMessage:  # type: ignore[override]
            return ChatMessage(MessageRole.ASSISTANT, CODE_ANSWER)

    assert CodeAgent([], Plain(), verbosity_level=-1).run("go") == 1


def told(messages: Any) -> ChatMessage:
    """A reply of whoever was given the messages."""
    assert [message.role for message in messages] == [MessageRole.SYSTEM, MessageRole.USER]
    return ChatMessage(MessageRole.ASSISTANT, CODE_ANSWER)


class OtherName:
    def generate(self, msgs: Any, stop_sequences: Any = None) -> ChatMessage:
        return told(msgs)


class ByPlaceOnly:
    def generate(self, messages: Any, /, stop_sequences: Any = None) -> ChatMessage:
        return told(messages)


class ByNameOnly:
    def generate(self, *, messages: Any) -> ChatMessage:
        return told(messages)


class Anything:
    def generate(self, *args: Any, **kwargs: Any) -> ChatMessage:
        return told(*args)


class OtherNameAwaited(Model):
    async def agenerate(self, prompt: Any, stop_sequences: Any = None) -> ChatMessage:  # type: ignore[override]
        return told(prompt)


class OtherNameStreamed(OtherName):
    def generate_stream(self, msgs: Any) -> Any:
        yield ChatMessageStreamDelta(told(msgs).text)


class OtherNameStreamedAwaited(OtherNameAwaited):
    async def agenerate_stream(self, msgs: Any) -> Any:  # type: ignore[override]
        yield ChatMessageStreamDelta(told(msgs).text)


MODELS = [
    OtherName,
    ByPlaceOnly,
    ByNameOnly,
    Anything,
    OtherNameAwaited,
    OtherNameStreamed,
    OtherNameStreamedAwaited,
]


@pytest.mark.parametrize("run", [by_run, by_arun])
@pytest.mark.parametrize("model", MODELS)
def test_a_model_may_call_its_messages_what_it_likes(run: Any, model: Any) -> None:
    agent = CodeAgent([], model(), verbosity_level=-1, stream_outputs="Streamed" in model.__name__)
    assert run(agent) == 1


@pytest.mark.parametrize("run", [by_run, by_arun])
@pytest.mark.parametrize("kind", ["blocking", "async", "stubborn"])
@pytest.mark.parametrize("from_code", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_a_tool_that_takes_longer_than_its_timeout_fails_on_time(
    run: Any, kind: str, from_code: bool, alone: bool
) -> None:
    @tool(timeout=0.1)
    def blocking() -> str:
        """Takes long."""
        time.sleep(1.5)
        return "late"

    @tool(timeout=0.1, name="async_")
    async def asynchronous() -> str:
        """Takes long."""
        await asyncio.sleep(30)
        return "late"

    @tool(timeout=0.1)
    async def stubborn() -> str:
        """Takes long, also over being cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        await asyncio.sleep(1.5)
        return "late"

    slow = {"blocking": blocking, "async": asynchronous, "stubborn": stubborn}[kind]
    calls = [(slow.name, {})] + ([] if alone else [("note", {})])
    if from_code:
        code = (
            f"<code>\ntry:\n    {slow.name}()\nexcept TimeoutError as error:\n    final_answer(str(error))\n</code>"
        )
        agent: Any = CodeAgent([slow], ScriptedModel([code]), verbosity_level=-1)
    else:
        agent = ToolCallingAgent([slow, note], ScriptedModel([calls, ANSWER]), verbosity_level=-1)
    started = time.monotonic()
    answer = run(agent)
    assert time.monotonic() - started < 1.2
    step = next(step for step in agent.memory.steps if isinstance(step, ActionStep))
    assert "longer than its timeout of 0.1 s" in (answer if from_code else step.observations)


def test_what_comes_late_of_a_tool_on_an_event_loop_is_told_to_nobody() -> None:
    ends: list[str] = []

    @tool(timeout=0.05)
    async def stubborn(how: str) -> str:
        """Ends some time after it was cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        await asyncio.sleep(0.05)
        ends.append(how)
        if how == "fails":
            raise ValueError("late")
        return "late"

    script = ScriptedModel([[("stubborn", {"how": "fails"}), ("stubborn", {"how": "answers"})], ANSWER])
    agent = ToolCallingAgent([stubborn], script, verbosity_level=-1)
    complaints: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        assert await agent.arun("go") == "done"
        while len(ends) < 2:
            gc.collect()  # it is held by somebody until it ends
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        gc.collect()

    asyncio.run(asyncio.wait_for(main(), 10))
    assert complaints == []
    assert "late" not in "".join(message.text for message in script.calls[-1].messages)


@pytest.mark.parametrize("way", ["interrupted", "cancelled"])
@pytest.mark.parametrize("number", [1, 2])
def test_an_async_tool_with_a_timeout_is_stopped_with_its_run_and_may_put_things_away(
    way: str, number: int
) -> None:
    begun, put_away = threading.Event(), []

    @tool(timeout=20)
    async def careful() -> None:
        """Puts things away when it is cancelled."""
        try:
            begun.set()
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.05)
            put_away.append("all")

    agent = ToolCallingAgent([careful], ScriptedModel([[("careful", {})] * number]), verbosity_level=-1)

    async def main() -> None:
        task = asyncio.ensure_future(agent.arun("go"))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        (agent.interrupt if way == "interrupted" else task.cancel)()
        with pytest.raises(AgentInterruptedError if way == "interrupted" else asyncio.CancelledError):
            await task
        assert put_away == ["all"] * number

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 5


def test_an_interruption_is_not_lost_in_a_tool_that_runs_another_agent_and_catches_everything() -> None:
    started = threading.Event()

    @tool
    def begin() -> None:
        """Begins."""
        started.set()

    spin = "<code>\nbegin()\nwhile True:\n    pass\n</code>"
    inner = CodeAgent([begin], ScriptedModel([spin]), verbosity_level=-1)

    @tool
    def delegate() -> str:
        """Has another agent work."""
        try:
            return str(inner.run("never ends"))
        except Exception as error:
            return f"caught {error}"

    outer = CodeAgent(
        [delegate], ScriptedModel(["<code>\nprint(delegate())\n</code>", CODE_ANSWER]), verbosity_level=-1
    )
    raised: list[BaseException] = []

    def run() -> None:
        try:
            outer.run("go")
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(10)
    outer.interrupt()
    thread.join(10)
    assert [type(error) for error in raised] == [AgentInterruptedError]


@pytest.mark.parametrize("on_loop", [False, True])
def test_what_had_finished_when_the_run_was_interrupted_is_not_lost(on_loop: bool) -> None:
    paid, slow = threading.Event(), threading.Event()

    @tool
    def pay() -> str:
        """Pays."""
        paid.set()
        return "paid 100"

    @tool
    async def wait() -> None:
        """Waits."""
        slow.set()
        await asyncio.sleep(60)

    agent = ToolCallingAgent([pay, wait], ScriptedModel([[("pay", {}), ("wait", {})], ANSWER]), verbosity_level=-1)

    def interrupt() -> None:
        paid.wait(10)
        slow.wait(10)
        time.sleep(0.1)
        agent.interrupt()

    threading.Thread(target=interrupt).start()
    with pytest.raises(AgentInterruptedError) as caught:
        by_arun(agent) if on_loop else by_run(agent)
    assert [result and result.value for result in caught.value.results] == ["paid 100", None]


def test_when_callbacks_see_an_interrupted_step_its_snippet_has_ended() -> None:
    ticks: list[int] = []
    grown: list[bool] = []
    started = threading.Event()

    @tool
    def tick() -> None:
        """Ticks."""
        ticks.append(1)
        started.set()

    def callback(step: ActionStep) -> None:
        before = len(ticks)
        time.sleep(0.05)
        grown.append(len(ticks) > before)

    code = "<code>\nprint('begun')\nwhile True:\n    tick()\n</code>"
    agent = CodeAgent([tick], ScriptedModel([code]), verbosity_level=-1, step_callbacks=[callback])
    thread = threading.Thread(target=lambda: pytest.raises(AgentInterruptedError, agent.run, "go"))
    thread.start()
    assert started.wait(10)
    agent.interrupt()
    thread.join(10)
    assert grown == [False]


def test_interrupted_async_tools_side_by_side_do_not_go_on() -> None:
    effects: list[int] = []
    started = threading.Barrier(3)

    @tool
    async def later(number: int) -> None:
        """Does something later."""
        await asyncio.to_thread(started.wait, 10)
        await asyncio.sleep(0.3)
        effects.append(number)

    calls = [("later", {"number": 1}), ("later", {"number": 2})]
    agent = ToolCallingAgent([later], ScriptedModel([calls, ANSWER]), verbosity_level=-1)
    thread = threading.Thread(target=lambda: pytest.raises(AgentInterruptedError, agent.run, "go"))
    thread.start()
    started.wait(10)
    agent.interrupt()
    thread.join(10)
    time.sleep(0.5)
    assert effects == []


def test_tokens_and_cost_of_members_side_by_side_all_count_by_their_own_prices() -> None:
    def member(number: int) -> CodeAgent:
        model = ScriptedModel([CODE_ANSWER], usage=TokenUsage(1_000_000, 0), prices=(number, 0))
        return CodeAgent([], model, name=f"m{number}", description="Helps.", verbosity_level=-1)

    calls = [(f"m{number}", {"task": "go"}) for number in range(8)]
    model = ScriptedModel([calls, ANSWER], usage=TokenUsage(1_000_000, 0), prices=(10.0, 0))
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        team = ToolCallingAgent(
            [], model, managed_agents=[member(n) for n in range(8)], verbosity_level=-1, return_full_result=True
        )
        result = team.run("go")
    finally:
        sys.setswitchinterval(switching)
    assert result.token_usage.input_tokens == 10_000_000
    assert result.cost == pytest.approx(20.0 + sum(range(8)))


def test_a_second_cancellation_while_a_snippet_is_stopping_leaves_the_session_usable() -> None:
    started = threading.Event()

    @tool
    def begin() -> None:
        """Begins."""
        started.set()

    stubborn = "<code>\nbegin()\ntry:\n    while True:\n        pass\nexcept BaseException:\n    for _ in range(10**7):\n        pass\n</code>"
    agent = CodeAgent([begin], ScriptedModel([stubborn, CODE_ANSWER]), verbosity_level=-1)

    async def main() -> Any:
        session = agent.session()
        task = asyncio.create_task(session.arun("never ends"))
        await asyncio.to_thread(started.wait, 10)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.02)
        await asyncio.wait([task])
        assert task.cancelled()
        return await session.arun("again")

    assert asyncio.run(main()) == 1


def test_a_task_that_a_tool_left_behind_works_for_nobody() -> None:
    left: list[Any] = []
    inner = CodeAgent([], ScriptedModel([CODE_ANSWER]), verbosity_level=-1)

    @tool
    async def begin() -> None:
        """Leaves a task behind."""

        async def later() -> None:
            await asyncio.sleep(0.1)
            await inner.arun("go")

        left.append(asyncio.create_task(later()))

    outer = CodeAgent([begin], ScriptedModel(["<code>\nbegin()\nfinal_answer(1)\n</code>"]), verbosity_level=-1)

    async def main() -> None:
        result = await outer.arun("go", return_full_result=True)
        await left[0]
        assert result.token_usage == outer.memory.steps[-1].token_usage

    asyncio.run(main())


def test_an_event_loop_that_is_over_is_not_kept() -> None:
    agent = CodeAgent(
        [note], ScriptedModel(["<code>\nfinal_answer(note())\n</code>"], by="conversation"), verbosity_level=-1
    )
    loops = []
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(agent.arun("go"))
        loop.close()
        loops.append(weakref.ref(loop))
        del loop
    gc.collect()
    assert [loop() for loop in loops] == [None] * 3


@pytest.mark.parametrize("run", [by_run, by_arun])
def test_a_check_that_gives_something_to_await_is_awaited(run: Any) -> None:
    async def refuse(answer: Any) -> bool:
        return answer != 1

    replies = [CODE_ANSWER, "<code>\nfinal_answer(2)\n</code>"]
    agent = CodeAgent([], ScriptedModel(replies), verbosity_level=-1, final_answer_checks=[lambda a: refuse(a)])
    assert run(agent) == 2


def test_a_tool_that_swallows_its_cancellation_leaves_the_task_uncancelled() -> None:
    started = threading.Event()

    @tool
    async def stubborn() -> str:
        """Ignores being cancelled."""
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        return "ignored"

    agent = ToolCallingAgent([stubborn], ScriptedModel([[("stubborn", {})], ANSWER]), verbosity_level=-1)

    async def main() -> int:
        task = asyncio.current_task()
        assert task is not None
        threading.Thread(target=lambda: (started.wait(10), agent.interrupt())).start()
        with pytest.raises(AgentInterruptedError):
            await agent.arun("go")
        return task.cancelling()

    assert asyncio.run(main()) == 0


def test_an_async_tool_that_blocks_the_background_loop_is_told_what_to_await() -> None:
    @tool
    async def inner() -> str:
        """Says something."""
        return "said"

    code = "<code>\ntry:\n    inner()\nexcept Exception as error:\n    final_answer(str(error))\n</code>"
    other = CodeAgent([inner], ScriptedModel([code]), verbosity_level=-1)

    @tool
    async def blocking() -> str:
        """Blocks its event loop."""
        return str(other.run("go"))

    code = "<code>\nfinal_answer(blocking())\n</code>"
    agent = CodeAgent([blocking], ScriptedModel([code]), verbosity_level=-1)
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(agent.run("go")), daemon=True)
    thread.start()
    thread.join(10)
    assert "await" in str(done)


def _in_child(results: Any) -> None:
    results.put(calling("cancelled").run("go"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_runs_agents_with_async_tools_too() -> None:
    assert calling("cancelled").run("go") == "done"  # the parent's background loop runs now
    forking = multiprocessing.get_context("fork")
    results = forking.Queue()
    child = forking.Process(target=_in_child, args=(results,))
    child.start()
    assert results.get(timeout=20) == "done"
    child.join(10)


def test_a_stream_that_is_forgotten_together_with_its_agent_ends_quietly() -> None:
    def forget() -> None:
        agent = CodeAgent([note], ScriptedModel([CODE_ANSWER]), verbosity_level=-1)
        events = agent.run("go", stream=True)
        next(events)
        agent.state["events"] = events  # a cycle: the collector finds all of them at once

    forget()
    gc.collect()  # an error in the generator's end would be reported, and fail the test


def test_runs_of_others_are_not_touched_when_a_run_with_parallel_tools_is_interrupted() -> None:
    @tool
    def quick() -> str:
        """Is quick."""
        time.sleep(0.002)
        return "quick"

    @tool
    async def slow() -> None:
        """Waits."""
        await asyncio.sleep(0.05)

    def make(calls: list[Any], steps: int) -> ToolCallingAgent:
        return ToolCallingAgent(
            [quick, slow], ScriptedModel([calls] * steps + [ANSWER]), verbosity_level=-1, max_steps=99
        )

    attackers = [make([("quick", {}), ("slow", {})], 60) for _ in range(3)]
    victims = [make([("quick", {}), ("quick", {})], 60) for _ in range(4)]
    answers: list[Any] = []

    def attack(agent: ToolCallingAgent) -> None:
        with contextlib.suppress(AgentInterruptedError):
            agent.run("go")

    threads = [threading.Thread(target=attack, args=(each,)) for each in attackers]
    threads += [threading.Thread(target=lambda each=each: answers.append(each.run("go"))) for each in victims]
    for thread in threads:
        thread.start()
    for each in attackers:
        time.sleep(0.03)
        each.interrupt()
    for thread in threads:
        thread.join(20)
    assert answers == ["done"] * 4


@pytest.mark.parametrize("way", ["interrupt", "cancel"])
def test_what_had_finished_is_remembered_however_the_run_was_stopped(way: str) -> None:
    waiting = threading.Event()

    @tool
    def pay() -> str:
        """Pays."""
        return "paid 100"

    @tool
    async def wait() -> None:
        """Waits."""
        waiting.set()
        await asyncio.sleep(60)

    calls = ToolCallingAgent([pay, wait], ScriptedModel([[("pay", {}), ("wait", {})], ANSWER]), verbosity_level=-1)
    code = CodeAgent([pay, wait], ScriptedModel(["<code>\nprint(pay())\nwait()\n</code>"]), verbosity_level=-1)

    async def stopped(agent: Any) -> None:
        waiting.clear()
        task = asyncio.create_task(agent.arun("go"))
        await asyncio.to_thread(waiting.wait, 10)
        await asyncio.sleep(0.05)
        if way == "interrupt":
            agent.interrupt()
        else:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, AgentInterruptedError):
            await task

    for agent in (calls, code):
        asyncio.run(stopped(agent))
        step = agent.memory.steps[-1]
        assert isinstance(step, ActionStep)
        assert "paid 100" in step.observations, type(agent).__name__


def test_an_interrupted_run_begins_no_other_runs() -> None:
    begun: list[int] = []
    inner = CodeAgent([], ScriptedModel([CODE_ANSWER], by="conversation"), verbosity_level=-1)
    first = threading.Event()

    @tool
    def delegate() -> None:
        """Has another agent work, again and again."""
        for number in range(5):
            with contextlib.suppress(Exception):
                inner.run("go")
                begun.append(number)
            first.set()
            time.sleep(0.1)

    outer = CodeAgent([delegate], ScriptedModel(["<code>\ndelegate()\n</code>", CODE_ANSWER]), verbosity_level=-1)
    thread = threading.Thread(target=lambda: pytest.raises(AgentInterruptedError, outer.run, "go"))
    thread.start()
    assert first.wait(10)
    outer.interrupt()
    thread.join(10)
    assert begun == [0]
    run = outer.session().start("go")
    run.interrupt()
    with pytest.raises(AgentInterruptedError):
        run.finish()


def test_tools_that_time_out_again_and_again_poison_nothing_for_others() -> None:
    @tool(timeout=0.01)
    def edge() -> str:
        """Takes about as long as it may."""
        time.sleep(0.01)
        return "in time"

    agent = ToolCallingAgent(
        [edge], ScriptedModel([[("edge", {}), ("edge", {})]] * 40 + [ANSWER]), verbosity_level=-1
    )
    assert agent.session().run("go", max_steps=50) == "done"

    @tool
    def other(day: str, number: int = 3) -> str:
        """Says something else."""
        return f"{day} {number}"

    after = ToolCallingAgent([other], ScriptedModel([[("other", {"day": "Monday"})], ANSWER]), verbosity_level=-1)
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(after.run("go")), daemon=True)
    thread.start()
    thread.join(10)
    assert done == ["done"]


CTRL_C = """
import asyncio
from actlet import CodeAgent, ToolCallingAgent, tool
from actlet.runs.events import ToolFinished
from actlet.testing import ScriptedModel

@tool
def pay() -> str:
    "Pays."
    return "paid 100"

paid = asyncio.Event()

def note(event, run):
    if isinstance(event, ToolFinished):
        paid.set()

@tool
async def wait() -> None:
    "Waits."
    while not paid.is_set():
        await asyncio.sleep(0.01)
    print("waiting", flush=True)
    await asyncio.sleep(60)

calls = ScriptedModel([[("pay", {}), ("wait", {})]])
code = ScriptedModel(["<code>\\nprint(pay())\\nwait()\\n</code>"])
agents = {
    "calls": lambda: ToolCallingAgent([pay, wait], calls, verbosity_level=-1, observers=[note]),
    "code": lambda: CodeAgent([pay, wait], code, verbosity_level=-1, observers=[note]),
}
agent = agents[KIND]()
try:
    agent.run("go")
except KeyboardInterrupt:
    print(agent.memory.steps[-1].observations, flush=True)
"""


@pytest.mark.parametrize("kind", ["calls", "code"])
def test_what_had_finished_is_remembered_after_ctrl_c(kind: str) -> None:
    program = CTRL_C.replace("KIND", repr(kind))
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert "paid 100" in out
