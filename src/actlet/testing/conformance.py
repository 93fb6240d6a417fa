"""What every box does, as tests: any box can be held to them, also one of your own.

    from actlet.testing import BoxConformance

    class TestMyBox(BoxConformance):
        def make_box(self, **options):
            return MyBox(**options)

The rule: each test asks for what a snippet's author sees, never how a box does it. A box that lacks something says
so in `lacks`, and the tests of it are skipped. Needs pytest.
"""

# ruff: noqa: D102, E501  a test's name says what it promises

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ..execution.box import Answer, Box, CodeOutput, Printed, Suspended
from ..models.scripted import ScriptedModel
from ..tools.function import tool
from ..tools.tool import Tool

PLAIN_VALUES = [
    None, True, 0, -(2**70), 10**500, 1.5, float("inf"), "", "ü\U0001f600", "x" * 10_000, b"\x00\xff", bytearray(b"a"), 1 + 2j,
    [1, "a", [None]], (1, (2,)), {1, 2}, frozenset({"a"}), {"a": {1: (2, 3)}, (1, 2): [], "__type__": "Path"},
    Decimal("1.10"), range(3), [1.5] * 100, ["list", 1], {"blobs": [1]},
]  # fmt: skip


@tool
def add(a: int, b: int = 2) -> int:
    """Adds two numbers.

    Args:
        a: One.
        b: Another.
    """
    return a + b


@tool
def echo(value: Any) -> Any:
    """Gives back what it is given.

    Args:
        value: Anything.
    """
    return value


@tool
def fail(message: str) -> str:
    """Fails.

    Args:
        message: What to say.
    """
    raise ValueError(message)


@tool
async def slowly(value: int) -> int:
    """Gives a number back, after a while.

    Args:
        value: The number.
    """
    await asyncio.sleep(0.2)
    return value


class Opaque:
    """An object of the host's that can't cross."""

    secret = "stays on the host"


OPAQUE = Opaque()


@tool
def lend() -> Any:
    """Lends an object."""
    return OPAQUE


@tool
def take_back(thing: Any) -> bool:
    """Takes it back.

    Args:
        thing: What was lent.
    """
    return thing is OPAQUE


class Counter(Tool):
    """A tool that counts, on the host."""

    name = "count"
    description = "Counts its calls."
    inputs: dict[str, Any] = {}  # noqa: RUF012
    output_type = "integer"

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self) -> int:
        """The number of calls so far."""
        self.calls += 1
        return self.calls


class BoxConformance:
    """Subclass it, and give `make_box`. `lacks`: any of "death" (there is no kernel that could die), "gather"
    (awaitable tool calls), "handles" (values that can't cross cross as they are), "modules" (imports are refused, or
    there is no numpy), "threads" (there are none)."""

    lacks: frozenset[str] = frozenset()

    def make_box(self, **options: Any) -> Box:
        """A box to test. `options`: `timeout_seconds`, `max_print_outputs_length`."""
        raise NotImplementedError("make_box gives the box that is tested")

    @pytest.fixture
    def box(self) -> Iterator[Box]:
        """A box that offers the tools of these tests."""
        from ..toolbox.final_answer import FinalAnswerTool

        box = self.make_box(timeout_seconds=20)
        tools = [add, echo, fail, slowly, lend, take_back, Counter(), FinalAnswerTool()]
        box.send_tools({each.name: each for each in tools})
        yield box
        box.cleanup()

    def needs(self, capability: str) -> None:
        """Skip the test if the box lacks this."""
        if capability in self.lacks:
            pytest.skip(f"this box lacks {capability!r}")

    # Semantics

    def test_the_last_expression_is_the_output(self, box: Box) -> None:
        output = run(box, "x = 20\nx + 1")
        assert (output.output, output.shown, output.text, output.error) == (21, True, "21", None)

    def test_an_assignment_last_is_the_output_and_not_shown(self, box: Box) -> None:
        output = run(box, "x = [1]")
        assert (output.output, output.shown) == ([1], False)

    def test_variables_and_functions_live_on(self, box: Box) -> None:
        run(box, "def double(n):\n    return n * factor\nfactor = 2")
        run(box, "factor = 3")
        assert run(box, "double(7)").output == 21

    def test_classes_closures_generators_and_comprehensions_are_python(self, box: Box) -> None:
        code = "class A:\n    def __init__(self, n): self.n = n\n[a.n for a in (A(i) for i in range(3)) if a.n]"
        assert run(box, code).output == [1, 2]

    def test_names_that_changed_are_told(self, box: Box) -> None:
        assert set(run(box, "a = 1\nb = 2").changed) == {"a", "b"}
        assert set(run(box, "a\nb = 3").changed) == {"b"}

    def test_reset_forgets_the_variables(self, box: Box) -> None:
        run(box, "a = 1")
        box.reset()
        assert error_of(run(box, "a")).type == "NameError"

    def test_a_fresh_box_is_empty_and_has_the_same_settings(self, box: Box) -> None:
        run(box, "a = 1")
        other = box.fresh()
        try:
            assert type(other) is type(box)
            assert error_of(run(other, "a")).type == "NameError"
        finally:
            other.cleanup()

    def test_one_snippet_at_a_time(self, box: Box) -> None:
        reading = Reading(box, "echo(1)")
        reading.suspended()
        with pytest.raises(Exception, match="running in this box already"):
            box.submit("1", print)
        box.interrupt()
        reading.output()

    # Values

    @pytest.mark.parametrize("value", PLAIN_VALUES, ids=lambda value: repr(value)[:20])
    def test_plain_values_cross_both_ways(self, box: Box, value: Any) -> None:
        box.send_variables({"value": value})
        output = run(box, "got = echo(value)\ngot")
        assert output.error is None
        assert (type(output.output), output.output) == (type(value), value)

    def test_nan_is_nan(self, box: Box) -> None:
        box.send_variables({"value": float("nan")})
        assert run(box, "value != value").output is True

    def test_dates_cross(self, box: Box) -> None:
        code = "import datetime as d\n[d.date(2020, 1, 2), d.datetime(2020, 1, 2, 3, tzinfo=d.timezone.utc), d.timedelta(1, 2)]"
        date, moment, span = run(box, code).output
        assert (date.isoformat(), moment.isoformat(), span.total_seconds()) == (
            "2020-01-02", "2020-01-02T03:00:00+00:00", 86402)  # fmt: skip

    def test_variables_are_copies(self, box: Box) -> None:
        mine = [1]
        box.send_variables({"mine": mine})
        run(box, "mine.append(2)")
        assert mine == [1]

    def test_tables_arrays_and_images_cross(self, box: Box) -> None:
        self.needs("modules")
        numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": pandas.to_datetime(["2020-01-01", None])})
        frame["d"] = pandas.Categorical(["u", "v"])
        array = numpy.arange(6.0).reshape(2, 3).T
        box.send_variables({"frame": frame, "array": array})
        pandas.testing.assert_frame_equal(run(box, "frame").output, frame)
        assert numpy.array_equal(run(box, "array").output, array)
        assert run(box, "array.sum()").output == 15.0

    def test_an_object_that_cannot_cross_is_handed_back_as_itself(self, box: Box) -> None:
        assert run(box, "thing = lend()\ntake_back(thing)").output is True
        assert run(box, "take_back([thing][0])").output is True

    def test_an_object_of_the_host_shows_nothing_of_itself(self, box: Box) -> None:
        self.needs("handles")
        box.send_variables({"thing": OPAQUE})
        assert error_of(run(box, "thing.secret")).type == "AttributeError"
        assert run(box, "take_back(thing)").output is True

    def test_an_object_of_the_box_comes_back_to_it(self, box: Box) -> None:
        assert run(box, "class A: pass\na = A()\necho(a) is a").output is True

    # Tools

    def test_a_tool_is_called_by_position_and_name(self, box: Box) -> None:
        assert run(box, "[add(1), add(1, 5), add(b=1, a=1)]").output == [3, 6, 2]

    def test_a_tool_keeps_its_state_on_the_host(self, box: Box) -> None:
        assert run(box, "count()\ncount()").output == 2
        assert run(box, "count()").output == 3

    def test_arguments_that_do_not_fit_are_a_type_error(self, box: Box) -> None:
        assert error_of(run(box, "add(1, 2, 3)")).type == "TypeError"
        assert error_of(run(box, "f = add\nf(1, 2, 3)")).type == "TypeError"

    def test_what_a_tool_raises_is_raised_where_it_is_called(self, box: Box) -> None:
        output = run(box, "try:\n    fail('no')\nexcept ValueError as error:\n    caught = str(error)\ncaught")
        assert output.output == "no"

    def test_an_uncaught_error_of_a_tool_names_tool_and_line(self, box: Box) -> None:
        error = error_of(run(box, "x = 1\nfail('no')"))
        assert (error.type, error.message, error.line, error.tool) == ("ValueError", "no", 2, "fail")

    def test_map_makes_all_calls_at_once(self, box: Box) -> None:
        reading = Reading(box, "add.map([(1, 2), {'a': 3}, 4])")
        calls = reading.suspended().calls
        assert [call.arguments for call in calls] == [{"a": 1, "b": 2}, {"a": 3}, {"a": 4}]
        box.resume(tuple(Answer(call.id, number) for number, call in enumerate(calls)))
        assert reading.output().output == [0, 1, 2]

    def test_gather_makes_all_calls_at_once(self, box: Box) -> None:
        self.needs("gather")
        code = "import asyncio\nasync def main():\n    return await asyncio.gather(*[add.acall(n) for n in range(3)])\n"
        reading = Reading(box, code + "asyncio.run(main())")
        calls = reading.suspended().calls
        box.resume(tuple(Answer(call.id, call.arguments["a"]) for call in calls))
        assert (len(calls), reading.output().output) == (3, [0, 1, 2])

    def test_threads_may_call_tools(self, box: Box) -> None:
        self.needs("modules")
        self.needs("threads")
        code = "from concurrent.futures import ThreadPoolExecutor as T\nwith T(4) as t: got = list(t.map(add, range(8)))\ngot"
        assert run(box, code).output == [n + 2 for n in range(8)]

    def test_a_tool_that_is_not_offered_is_a_name_error(self, box: Box) -> None:
        box.send_tools({})
        assert error_of(run(box, "add(1)")).type == "NameError"

    def test_the_final_answer_ends_the_snippet(self, box: Box) -> None:
        output = run(box, "try:\n    final_answer({'answer': 1})\nexcept Exception:\n    pass\nprint('later')")
        assert (output.output, output.is_final_answer, output.logs) == ({"answer": 1}, True, "")

    # Agents

    @pytest.mark.parametrize("way", ["run", "arun"])
    def test_an_agent_with_a_team_works_in_it(self, box: Box, way: str) -> None:
        from ..agents.code_agent import CodeAgent

        member = CodeAgent(
            tools=[slowly], model=script("final_answer(slowly(20) + 1)"), name="helper", description="Helps.",
            executor=self.make_box(),
        )  # fmt: skip
        agent = CodeAgent(
            tools=[slowly],
            model=script("x = slowly.map([1, 2])\nprint(x)", "final_answer(sum(x) + helper('go'))"),
            managed_agents=[member],
            executor=box,
        )
        try:
            assert (agent.run("Go.") if way == "run" else asyncio.run(agent.arun("Go."))) == 24
        finally:
            member.cleanup()

    # What is printed

    def test_printed_text_comes_as_it_is_printed(self, box: Box) -> None:
        reading = Reading(box, "import time\nprint('one')\ntime.sleep(300)\nprint('two')")
        assert isinstance(first := reading.next(), Printed)
        assert first.text.startswith("one")
        box.interrupt()
        assert reading.output().logs.strip() == "one"  # the line's end may not have been printed yet

    def test_a_flood_of_output_is_cut(self) -> None:
        box = self.make_box(max_print_outputs_length=1000)
        try:
            output = run(box, "print('first')\nfor i in range(20_000): print('x' * 100)\nprint('last')")
            assert len(output.logs) < 1200
            assert output.logs.startswith("first")
            assert output.logs.endswith("last\n")
        finally:
            box.cleanup()

    def test_printed_text_steers_no_terminal(self, box: Box) -> None:
        code = r"""print('\x1b]0;evil\x07\x1b]8;;http://x\x1b\\click\x1b[31mred\x1b[0m \x9b2J\x08\x7f tab\tü', end='\r\nend\rlast\n')"""
        assert run(box, code).logs == "clickred 2J tab\tü\nend\nlast\n"

    # Errors

    def test_an_error_has_its_line_and_frames(self, box: Box) -> None:
        error = error_of(run(box, "def f():\n    return 1 / 0\n\nprint('before')\nf()"))
        assert (error.type, error.message, error.line) == ("ZeroDivisionError", "division by zero", 5)
        assert "line 2, in f: return 1 / 0" in error.traceback

    def test_what_was_printed_before_an_error_is_kept(self, box: Box) -> None:
        assert run(box, "print('before')\n1 / 0").logs == "before\n"

    def test_a_syntax_error_has_its_line(self, box: Box) -> None:
        error = error_of(run(box, "x = 1\nif x\n"))
        assert (error.type, error.line) == ("SyntaxError", 2)

    def test_an_error_whose_text_fails_is_an_error(self, box: Box) -> None:
        code = "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E()"
        assert run(box, code).error is not None
        assert run(box, "1").output == 1

    def test_exit_ends_the_snippet_alone(self, box: Box) -> None:
        assert error_of(run(box, "a = 1\nraise SystemExit(3)")).type == "SystemExit"
        assert run(box, "a").output == 1

    # Stopping

    def test_an_interrupt_stops_a_snippet_and_keeps_the_variables(self, box: Box) -> None:
        reading = Reading(box, "a = 1\nprint('on')\nwhile True: pass")
        reading.next()
        box.interrupt()
        assert error_of(reading.output()).type == "KeyboardInterrupt"
        assert run(box, "a").output == 1

    def test_an_interrupt_stops_a_snippet_that_waits_for_a_tool(self, box: Box) -> None:
        reading = Reading(box, "a = 1\necho(1)")
        reading.suspended()
        box.interrupt()
        assert error_of(reading.output()).type == "KeyboardInterrupt"
        assert run(box, "a").output == 1

    def test_an_interrupt_without_a_snippet_does_nothing(self, box: Box) -> None:
        box.interrupt()
        assert run(box, "1").output == 1
        box.interrupt()
        assert run(box, "2").output == 2

    @pytest.mark.parametrize("body", ["while True: pass", "import time\ntime.sleep(60)"])
    def test_a_snippet_ends_when_its_time_is_up(self, body: str) -> None:
        box = self.make_box(timeout_seconds=0.5)
        try:
            run(box, "a = 1")
            began = time.monotonic()
            assert error_of(run(box, body)).type == "TimeoutError"
            assert time.monotonic() - began < 30
            assert run(box, "1").output == 1
        finally:
            box.cleanup()

    def test_a_snippet_that_catches_everything_ends_all_the_same(self) -> None:
        box = self.make_box(timeout_seconds=0.5)
        try:
            code = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
            assert error_of(run(box, code)).type == "TimeoutError"
            assert run(box, "1").output == 1
        finally:
            box.cleanup()

    def test_the_time_of_tools_does_not_count(self) -> None:
        box = self.make_box(timeout_seconds=0.5)
        try:
            box.send_tools({"echo": echo})
            reading = Reading(box, "echo(1)")
            (call,) = reading.suspended().calls
            time.sleep(0.8)
            box.resume((Answer(call.id, 5),))
            assert reading.output().output == 5
        finally:
            box.cleanup()

    # Death

    def test_a_death_is_an_error_that_says_what_is_lost(self, box: Box) -> None:
        self.needs("death")
        box.send_variables({"given": 7})
        run(box, "made = 1")
        error = error_of(run(box, "import os\nos._exit(3)"))
        assert error.type == "BoxError"
        assert "made" in error.message
        assert "given" not in error.message
        assert run(box, "given + add(1)").output == 10

    def test_a_cleaned_up_box_starts_again(self, box: Box) -> None:
        run(box, "1")
        box.cleanup()
        box.cleanup()
        assert run(box, "2").output == 2

    def test_a_death_while_a_tool_is_called_is_an_error(self, box: Box) -> None:
        self.needs("death")
        self.needs("threads")
        code = "import os, threading, time\nthreading.Thread(target=lambda: (time.sleep(0.3), os._exit(1))).start()\necho(1)"
        reading = Reading(box, code)
        reading.suspended()
        assert error_of(reading.output()).type == "BoxError"


class Reading:
    """Reads what a box delivers, in order."""

    def __init__(self, box: Box, code: str) -> None:
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        box.submit(code, self._inbox.put)

    def next(self) -> Any:
        """What comes next, within 30 s."""
        return self._inbox.get(timeout=30)

    def _after_text(self) -> Any:
        while isinstance(event := self.next(), Printed):
            pass
        return event

    def suspended(self) -> Suspended:
        """The next tool calls."""
        event = self._after_text()
        assert isinstance(event, Suspended), event
        return event

    def output(self) -> CodeOutput:
        """The end."""
        event = self._after_text()
        assert isinstance(event, CodeOutput), event
        return event


def run(box: Any, code: str) -> CodeOutput:
    """Run a snippet to its end, with its tools called here."""
    reading = Reading(box, code)
    while not isinstance(event := reading._after_text(), CodeOutput):
        answers = []
        for call in event.calls:
            try:
                answers.append(Answer(call.id, box.tools[call.name](**call.arguments)))
            except Exception as error:
                answers.append(Answer(call.id, error=error))
        box.resume(tuple(answers))
    return event


def error_of(output: CodeOutput) -> Any:
    """The error that the snippet ended with."""
    assert output.error is not None, output
    return output.error


def script(*snippets: str) -> ScriptedModel:
    """A model that writes these snippets, one in each step."""
    return ScriptedModel([f"Thought: go on.\n<code>\n{snippet}\n</code>" for snippet in snippets])
