"""Teams: agents that call agents."""

import asyncio
import gc
import threading
import time
import weakref

import pytest
from agent_support import actions, add, answer, call_answer, caller, code, coder, scripted, sent, slow_double
from gone import all_gone
from PIL import Image

from actlet import (
    AgentExecutionError,
    AgentGenerationError,
    AgentInterruptedError,
    AgentToolExecutionError,
    CodeAgent,
    LocalPythonExecutor,
    PromptTemplates,
    TokenUsage,
    tool,
)
from actlet.agents import load_templates

RUNS = [
    pytest.param(lambda agent, *args, **kwargs: agent.run(*args, **kwargs), id="run"),
    pytest.param(lambda agent, *args, **kwargs: asyncio.run(agent.arun(*args, **kwargs)), id="arun"),
]


def helper(replies, tools=(), kind=coder, **options):
    return kind(replies, tools, name="helper", description="Finds things out.", **options)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("kind", [coder, caller])
def test_code_calls_a_member_like_a_function(run, kind):
    found = answer(41) if kind is coder else call_answer(41)
    manager = coder([code("final_answer(helper('find it') + 1)")], managed_agents=[helper([found], kind=kind)])
    assert run(manager, "Go.") == 42


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("kind", [coder, caller])
def test_a_tool_call_calls_a_member(run, kind):
    found = answer(41) if kind is coder else call_answer(41)
    replies = [[("helper", {"task": "find it"})], call_answer(42)]
    manager = caller(replies, managed_agents=[helper([found], kind=kind)])
    assert run(manager, "Go.") == 42
    assert actions(manager)[0].observations == "41"


def test_the_prompt_presents_the_team():
    member = helper([])
    in_code, in_calls = (
        coder([], managed_agents=[member]).system_prompt,
        caller([], managed_agents=[member]).system_prompt,
    )
    for prompt in (in_code, in_calls):
        assert "You can also give tasks to team members." in prompt
        assert "Finds things out." in prompt
    assert "def helper(task: str, additional_args: dict | None = None)" in in_code
    assert "team" not in coder([]).system_prompt


def test_a_member_is_given_its_task_with_its_name():
    member = helper([answer(1)])
    coder([code("helper('find the key'); final_answer(1)")], managed_agents=[member]).run("Go.")
    text = sent(member)
    assert "You are helper, a member of a team." in text
    assert "find the key" in text


def test_additional_args_are_variables_of_the_member():
    member = helper([code("final_answer(sum(rows))")])
    manager = coder(
        [code("final_answer(helper('add up', additional_args={'rows': [1, 2]}))")], managed_agents=[member]
    )
    assert manager.run("Go.") == 3


def test_answers_pass_as_the_values_they_are():
    member = helper([code("final_answer({'rows': [(1, 'a')], 'of': {1, 2}})")])
    manager = coder(
        [code("found = helper('go')\nfinal_answer((found['rows'][0][1], found['of']))")], managed_agents=[member]
    )
    assert manager.run("Go.") == ("a", {1, 2})


@pytest.mark.parametrize("run", RUNS)
def test_calls_of_one_member_in_one_step_go_on_side_by_side(run):
    together = threading.Barrier(3, timeout=5)

    @tool
    def meet() -> str:
        """Waits for the others."""
        together.wait()
        return "met"

    member = helper([code("final_answer(meet())")] * 3, [meet])
    replies = [[("helper", {"task": f"task {n}"}) for n in range(3)], call_answer("all met")]
    manager = caller(replies, managed_agents=[member])
    assert run(manager, "Go.") == "all met"
    assert actions(manager)[0].observations == "met\nmet\nmet"


def test_each_call_is_a_session_of_its_own():
    member = helper([code("x = 1\nfinal_answer(x)"), code("final_answer(x)"), answer("no x")])
    manager = coder([code("helper('one')"), code("final_answer(helper('two'))")], managed_agents=[member])
    assert manager.run("Go.") == "no x"
    assert "one" not in sent(member, 1).split("task:")[1]


def test_a_member_that_is_told_to_remember_does_so_within_its_managers_session():
    member = helper([code("x = 1\nfinal_answer(x)"), code("final_answer(x + 1)"), answer("fresh")], remember=True)
    manager = coder(
        [code("helper('one')"), code("final_answer(helper('two'))"), code("final_answer(helper('three'))")],
        managed_agents=[member],
    )
    assert manager.run("Go.") == 2
    assert "one" in sent(member, 1)
    assert manager.run("Go.") == "fresh"
    assert "one" not in sent(member, 2).split("task:")[1]


def test_calls_side_by_side_of_a_member_that_remembers_find_the_same_session():
    class Slow(CodeAgent):
        opened = 0

        def open_session(self, kind, **options):
            Slow.opened += 1
            time.sleep(0.05)
            return super().open_session(kind, **options)

    member = Slow([], scripted([answer(1)] * 2), name="helper", description="Helps.", remember=True)
    replies = [[("helper", {"task": "a"}), ("helper", {"task": "b"})], call_answer(1)]
    caller(replies, managed_agents=[member]).run("Go.")
    assert Slow.opened == 1


def counting_member():
    """A member that remembers how often it was called, and takes its time."""
    first = code("import time\ntime.sleep(0.2)\ncalls = 1\nfinal_answer((calls, 'a'))")
    others = [code(f"calls = calls + 1\nfinal_answer((calls, '{name}'))") for name in "bc"]
    return helper([first, *others], remember=True, additional_authorized_imports=["time"])


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("limit", [None, 1, 2])
def test_calls_of_a_member_that_remembers_wait_for_each_other_in_the_order_asked(run, limit):
    calls = [("helper", {"task": name}) for name in "abc"]
    member = counting_member()
    manager = caller(
        [[*calls, ("add", {"a": 1, "b": 2})], call_answer("done")],
        [add],
        managed_agents=[member],
        max_tool_threads=limit,
    )
    assert run(manager, "Go.") == "done"
    assert actions(manager)[0].observations == "(1, 'a')\n(2, 'b')\n(3, 'c')\n3"
    assert [name for n in range(3) for name in "abc" if f"task:\n{name}" in sent(member, n)[-200:]] == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize("run", RUNS)
def test_calls_that_code_makes_at_once_of_a_member_that_remembers_wait_for_each_other_too(run):
    manager = coder([code("final_answer(helper.map(['a', 'b', 'c']))")], managed_agents=[counting_member()])
    assert run(manager, "Go.") == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize("run", RUNS)
def test_calls_that_wait_for_another_one_are_left_when_the_run_is_interrupted(run):
    going_on = threading.Event()

    @tool
    async def hang() -> None:
        """Never comes back."""
        going_on.set()
        await asyncio.sleep(60)

    member = helper([code("hang()")] * 3, [hang], remember=True)
    manager = caller([[("helper", {"task": name}) for name in "ab"]], managed_agents=[member])
    threading.Thread(target=lambda: going_on.wait(10) and manager.interrupt()).start()
    begun = time.monotonic()
    with pytest.raises(AgentInterruptedError):
        run(manager, "Go.")
    assert time.monotonic() - begun < 5
    assert len(member.model.calls) == 1


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("remember", [False, True])
@pytest.mark.parametrize("kind", [coder, caller])
def test_a_member_shows_its_last_call_as_it_does_its_last_run(run, remember, kind):
    replies = [code("x = 1"), answer(1), answer(2)]
    member = helper(replies if kind is coder else [call_answer(n) for n in (1, 2)], kind=kind, remember=remember)
    tasks = code("helper('count')\nfinal_answer(helper('count on'))")
    manager = coder([tasks], managed_agents=[member])
    run(manager, "Go.")
    assert "count on" in member.task
    assert actions(member)[-1].action_output == 2
    shown = len(member.model.calls) if remember else 1
    assert len(actions(member)) == len(member.monitor.step_durations) == shown
    assert member.monitor.get_total_token_counts() == TokenUsage(100 * shown, 10 * shown)
    assert "count on" in member.memory.steps[-2].task


def test_of_calls_side_by_side_one_is_shown_and_every_box_is_given_back():
    together, cleaned, made = threading.Barrier(3, timeout=5), [], []

    class Counted(LocalPythonExecutor):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(self)

        def cleanup(self):
            cleaned.append(self)
            super().cleanup()

    @tool
    def meet() -> str:
        """Waits for the others."""
        together.wait()
        return "met"

    member = helper([code("final_answer(meet())")] * 3, [meet], executor=Counted)
    manager = caller(
        [[("helper", {"task": f"task {n}"}) for n in range(3)], call_answer(1)], managed_agents=[member]
    )
    manager.run("Go.")
    assert member.memory.steps[0].task == member.task
    assert "task" in member.task
    assert len(made) == 3
    assert set(made) == set(cleaned)


def test_a_conversation_goes_on_where_the_manager_left_it():
    member = helper([code("x = 1\nfinal_answer(x)"), answer(2)])
    coder([code("final_answer(helper('count'))")], managed_agents=[member]).run("Go.")
    assert member.run("And now?", reset=False) == 2
    assert "count" in sent(member)


def test_a_member_that_remembers_keeps_its_variables_whatever_it_is_used_for_meanwhile():
    member = helper([code("x = 1\nfinal_answer(x)"), answer("by hand"), code("final_answer(x + 1)")], remember=True)
    manager = coder(
        [code("final_answer(helper('one'))"), code("final_answer(helper('two'))")], managed_agents=[member]
    )
    with manager.session() as session:
        assert session.run("Go.") == 1
        assert member.run("Something else.") == "by hand"
        member.close()
        assert session.run("Go on.") == 2
    assert "two" in member.task


def test_a_member_that_nobody_needs_is_gone_at_once_without_the_garbage_collector():
    for remember in (False, True):
        member = helper([answer(1)], remember=remember)
        manager = coder([code("final_answer(helper('count'))")], managed_agents=[member])
        manager.run("Go.")
        gone = [weakref.ref(member), weakref.ref(member.memory)]
        gc.collect()
        gc.disable()
        try:
            del member, manager
            assert all_gone(gone)
        finally:
            gc.enable()


def test_tokens_and_steps_of_members_count_for_the_manager():
    member = helper([code("x = 1"), answer(1)])
    manager = coder([code("final_answer(helper('go'))")], managed_agents=[member])
    result = manager.run("Go.", return_full_result=True)
    assert result.token_usage == TokenUsage(300, 30)
    assert manager.monitor.get_total_token_counts() == TokenUsage(300, 30)


def test_a_summary_of_the_members_work_is_added_when_asked_for():
    member = helper([code("print('looked')", thought="Where is it?"), answer("here")], provide_run_summary=True)
    manager = coder([code("final_answer(helper('find it'))")], managed_agents=[member])
    report = manager.run("Go.")
    assert report.startswith(
        "here\n\nFor more detail, find below a summary of this agent's work:\n<summary_of_work>"
    )
    assert report.endswith("</summary_of_work>")
    assert "looked" in report
    assert "Where is it?" not in report


def test_the_report_may_be_ones_own():
    templates: PromptTemplates = load_templates("code_agent")
    templates["managed_agent"] = {"task": "{{ name }}: {{ task }}!", "report": "{{ name }} says {{ final_answer }}"}
    member = helper([answer(7)], prompt_templates=templates)
    assert coder([code("final_answer(helper('count'))")], managed_agents=[member]).run("Go.") == "helper says 7"
    assert "helper: count!" in sent(member)


def test_three_storeys_of_agents_work_together():
    bottom = coder([code("final_answer(add(1, 2))")], [add], name="bottom", description="Adds.")
    middle = caller(
        [[("bottom", {"task": "add"})], call_answer(30)],
        name="middle",
        description="Multiplies.",
        managed_agents=[bottom],
    )
    top = coder([code("final_answer(middle('ten times three') + 1)")], managed_agents=[middle])
    result = top.run("Go.", return_full_result=True)
    assert result.output == 31
    assert result.token_usage == TokenUsage(400, 40)


@pytest.mark.parametrize("run", RUNS)
def test_what_one_shares_everyone_of_the_hierarchy_can_recall(run):
    bottom = coder([code("share('rows', [1, 2, 3])\nfinal_answer('shared')")], name="bottom", description="Loads.")
    middle = coder(
        [code("bottom('load')\nshare('more', 4)\nfinal_answer('shared')")],
        name="middle",
        description="Asks.",
        managed_agents=[bottom],
    )
    other = caller([[("recall", {"name": "rows"})], call_answer("seen")], name="other", description="Looks.")
    top = coder(
        [code("middle('go')\nother('look')\nfinal_answer(recall('rows') + [recall('more')])")],
        managed_agents=[middle, other],
    )
    assert run(top, "Go.") == [1, 2, 3, 4]
    assert "[1, 2, 3]" in sent(other)


def test_members_are_told_of_sharing_and_lone_agents_are_not():
    member = helper([answer(1)])
    coder([code("final_answer(helper('go'))")], managed_agents=[member]).run("Go.")
    assert "`share(name, value)`" in sent(member)
    assert "share(" not in coder([]).system_prompt


def test_to_recall_what_nobody_shared_is_an_error_that_lists_what_there_is():
    manager = coder([code("share('a', 1)\nrecall('b')"), answer(1)], managed_agents=[helper([])])
    manager.run("Go.")
    assert "nothing is shared as 'b'; there is: a" in actions(manager)[0].error.message


def test_two_runs_share_nothing():
    replies = [code("share('a', 1)\nfinal_answer(1)"), code("recall('a')"), answer("nothing")]
    manager = coder(replies, managed_agents=[helper([])])
    manager.run("Go.")
    assert manager.run("Go.") == "nothing"


def test_tools_read_and_write_what_is_shared():
    from actlet import current_run

    @tool
    def publish(word: str) -> None:
        """Shares a word."""
        current_run().shared["word"] = word

    manager = coder([code("publish('hi')\nfinal_answer(recall('word'))")], [publish], managed_agents=[helper([])])
    assert manager.run("Go.") == "hi"


@pytest.mark.parametrize("run", RUNS)
def test_a_member_whose_model_fails_is_an_error_that_the_manager_sees_with_its_name(run):
    member = helper([ValueError("no network")])
    for manager in (
        coder([code("helper('go')"), answer("alone")], managed_agents=[member]),
        caller(
            [[("helper", {"task": "go"})], call_answer("alone")],
            managed_agents=[helper([ValueError("no network")])],
        ),
    ):
        assert run(manager, "Go.") == "alone"
        error = actions(manager)[0].error
        assert isinstance(error, AgentExecutionError)
        assert "helper failed: The model failed: ValueError: no network" in error.message


def test_arguments_that_do_not_fit_a_member_are_an_error_that_shows_how_it_is_called():
    manager = caller(
        [[("helper", {"request": "x"})], [("helper", {"task": 3})], call_answer(1)], managed_agents=[helper([])]
    )
    manager.run("Go.")
    assert "helper(task: str, additional_args: dict | None = None)" in actions(manager)[0].observations
    assert "task must be text, not 3" in actions(manager)[1].observations


def test_a_member_may_be_called_by_hand():
    member = helper([answer(5)])
    assert member("count") == 5
    assert "member of a team" in sent(member)


def test_a_call_by_hand_takes_what_a_run_takes():
    image = Image.new("RGB", (2, 2))
    member = helper([code("x = rows\nfinal_answer(x)"), code("final_answer(x + 1)"), code("x = 1"), "Words."])
    assert member("count", additional_args={"rows": 3}, images=[image], return_full_result=True) == 3
    assert member.memory.steps[0].task_images == [image]
    assert member("go on", reset=False) == 4
    assert "count" in sent(member)
    with pytest.raises(AgentToolExecutionError, match="ran out of steps"):
        member("count", max_steps=1)


class OwnRun(CodeAgent):
    def run(self, task, additional_args=None):
        result = super().run(task, return_full_result=True)
        result.output = f"{result.output} and {additional_args}"
        return result


class OwnCall(CodeAgent):
    def __call__(self, task):
        return f"{super().__call__(task)} and more"


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    ("kind", "call", "output"),
    [(OwnRun, "helper('x', {'k': 1})", "1 and {'k': 1}"), (OwnCall, "helper('x')", "1 and more")],
    ids=["run", "call"],
)
def test_a_member_of_a_class_with_a_way_of_its_own_is_called_so(run, kind, call, output):
    member = kind([], scripted([answer(1)]), name="helper", description="Helps.", verbosity_level=-1)
    manager = coder([code(f"final_answer({call})")], managed_agents=[member])
    result = run(manager, "Go.", return_full_result=True)
    assert (result.output, result.token_usage) == (output, TokenUsage(200, 20))
    assert "You are helper, a member of a team." in sent(member)


def test_building_a_team_changes_no_agent():
    member = helper([])
    before = dict(vars(member))
    coder([], managed_agents=[member])
    assert vars(member) == before


def test_a_team_serves_several_runs_at_once():
    member = helper([code("final_answer(slow_double(3))")] * 20, [slow_double])
    manager = coder([code("final_answer(helper('go'))")] * 20, managed_agents=[member])

    async def all_of_them():
        return await asyncio.gather(*(manager.arun(f"task {n}") for n in range(20)))

    assert asyncio.run(all_of_them()) == [6] * 20


def test_an_agent_run_by_a_tool_counts_for_the_run_that_called_the_tool():
    inner = coder([answer("inner")])

    @tool
    def delegate(task: str) -> str:
        """Asks another agent."""
        return inner.run(task)

    outer = coder([code("final_answer(delegate('x'))")], [delegate])
    result = outer.run("Go.", return_full_result=True)
    assert (result.output, result.token_usage) == ("inner", TokenUsage(200, 20))


def test_a_failing_model_of_the_manager_itself_ends_the_run():
    with pytest.raises(AgentGenerationError):
        coder([ValueError("gone")], managed_agents=[helper([])]).run("Go.")


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("kind", "words"), [(None, "About seven."), (int, "About seven."), (int, "7")])
def test_a_member_whose_steps_run_out_is_an_error_with_its_last_words(run, kind, words):
    member = helper([code("x = 1"), words], max_steps=1, output_type=kind)
    in_code = coder([code("helper('count')"), answer("alone")], managed_agents=[member])
    member = helper([code("x = 1"), words], max_steps=1, output_type=kind)
    in_calls = caller([[("helper", {"task": "count"})], call_answer("alone")], managed_agents=[member])
    for manager in (in_code, in_calls):
        assert run(manager, "Go.") == "alone"
        message = actions(manager)[0].error.message
        assert "helper ran out of steps before it had an answer" in message
        assert words in message
