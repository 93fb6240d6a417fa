"""What a snippet has and leaves in the local box: tools, variables, values, errors, its final answer."""

import gc
import inspect
import queue
import sqlite3
import threading
import tracemalloc
import weakref

import pytest
from box_support import FinalAnswer, FunctionTool, Reader, box_with
from gone import all_gone

from actlet.errors import BoxError, InterpreterError
from actlet.execution import evaluate_python_code
from actlet.execution.box import Answer, CodeOutput, Printed, Suspended
from actlet.execution.local import LocalPythonExecutor
from actlet.threads import Worker


def search(query: str, top_k: int = 3) -> list[str]:
    """Search for pages."""
    return [f"{query} {n}" for n in range(top_k)]


def fail(text: str = "broken"):
    """Fails."""
    raise ConnectionError(text)


@pytest.fixture
def box():
    box = box_with(search, fail, additional_authorized_imports=["threading", "inspect", "sqlite3"])
    yield box
    box.cleanup()


# Values


def test_the_value_of_the_last_expression_is_the_output_and_is_shown(box):
    output = box.run("x = 20\nx * 2 + 2")
    assert (output.output, output.shown, output.text, output.changed) == (42, True, "42", ("x",))


def test_what_an_assignment_assigned_is_the_output_but_is_not_shown(box):
    output = box.run("x = {'a': 1}")
    assert (output.output, output.shown, output.text) == ({"a": 1}, False, None)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("a, b = 1, 2", (1, 2)),
        ("d = {}\nd['k'] = 5", 5),
        ("x = 1\nx += 2", 3),
        ("x: int = 4", 4),
        ("for i in range(3):\n    i", None),
        ("def f():\n    return 1", None),
        ("import math", None),
    ],
)
def test_every_kind_of_last_statement_has_its_value(box, code, value):
    assert box.run(code).output == value


def test_a_last_expression_is_evaluated_once(box):
    assert box.run("seen = []\nseen.append(1) or len(seen)").output == 1


def test_variables_functions_and_imports_live_on_in_the_next_snippet(box):
    box.run("import math\nbase = 3\ndef area(r):\n    return math.pi * r ** base")
    assert box.run("base = 2\nround(area(1), 2)").output == 3.14


def test_what_changed_is_named_and_what_did_not_is_not(box):
    box.run("kept, gone, new = 1, 2, 3")
    output = box.run("del gone\nnew = [new]\nother = kept")
    assert set(output.changed) == {"gone", "new", "other"}


def test_a_value_that_can_not_be_shown_is_told_and_does_not_fail_the_snippet(box):
    output = box.run("class Broken:\n    def __repr__(self):\n        raise ValueError('no')\nBroken()")
    assert output.error is None
    assert output.text == "<a Broken that can't be shown: repr() raised ValueError>"


def test_the_text_of_a_very_long_value_is_cut(box):
    output = box.run("'x' * 100_000")
    assert len(output.output) == 100_000
    assert len(output.text) < 21_000


# Errors


def test_an_error_says_its_type_its_message_and_the_line_it_left_through(box):
    error = box.run("def half(n):\n    return n / 0\n\nprint('first')\nhalf(3)").error
    assert (error.type, error.message, error.line) == ("ZeroDivisionError", "division by zero", 5)
    assert error.traceback == "line 5: half(3)\nline 2, in half: return n / 0"


def test_a_traceback_shows_only_the_frames_of_snippets(box):
    box.run("def parse(x):\n    return int(x)")
    error = box.run("values = sorted(['1', 'b'], key=parse)").error
    assert error.line == 1
    assert error.traceback.split("\n")[1] == "line 2 of an earlier snippet, in parse: return int(x)"


def test_an_endless_recursion_has_a_short_traceback(box):
    error = box.run("def down(n):\n    return down(n + 1)\ndown(0)").error
    assert error.type == "RecursionError"
    assert len(error.traceback) < 200


def test_a_syntax_error_points_at_the_place(box):
    error = box.run("x = 1\ny = = 2").error
    assert (error.type, error.line) == ("SyntaxError", 2)
    assert error.traceback == "y = = 2\n    ^"


def test_what_was_printed_and_bound_before_an_error_is_kept(box):
    output = box.run("x = 1\nprint('before')\n1 / 0")
    assert (output.logs, output.changed, output.error.type) == ("before\n", ("x",), "ZeroDivisionError")
    assert box.run("x").output == 1


def test_an_error_whose_message_can_not_be_made_is_still_an_error(box):
    code = "class Bad(Exception):\n    def __str__(self):\n        raise TypeError\nraise Bad()"
    assert "can't be shown" in box.run(code).error.message


def test_a_very_long_message_is_cut(box):
    assert len(box.run("raise ValueError('x' * 10_000_000)").error.message) < 5000


def test_notes_of_an_error_are_part_of_its_message(box):
    assert box.run("e = ValueError('a')\ne.add_note('look here')\nraise e").error.message == "a\nlook here"


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise KeyboardInterrupt", "raise GeneratorExit('x')"])
def test_errors_that_would_end_a_program_end_only_the_snippet(box, code):
    assert box.run(code).error is not None
    assert box.run("'alive'").output == "alive"


# The final answer


def test_the_final_answer_ends_the_snippet(box):
    output = box.run("final_answer({'n': 1})\nprint('not reached')")
    assert (output.output, output.is_final_answer, output.logs) == ({"n": 1}, True, "")


def test_except_exception_does_not_catch_the_final_answer(box):
    assert box.run("try:\n    final_answer(1)\nexcept Exception:\n    final_answer(2)").output == 1


def test_the_first_final_answer_counts_even_where_it_was_caught(box):
    code = "try:\n    final_answer('right')\nexcept:\n    final_answer('fallback')\nprint('on')"
    output = box.run(code)
    assert (output.output, output.is_final_answer) == ("right", True)
    assert box.run("try:\n    final_answer(1)\nexcept BaseException:\n    pass").is_final_answer


def test_a_variable_may_be_called_final_answer_too(box):
    output = box.run("final_answer = 40 + 2\nfinal_answer(final_answer)")
    assert (output.output, output.is_final_answer) == (42, True)
    assert box.run("final_answer(final_answer + 1)").output == 43


def test_a_final_answer_inside_a_function_and_by_keyword(box):
    assert box.run("def main():\n    final_answer(answer=[1])\nmain()").output == [1]


def test_a_final_answer_in_a_group_of_tasks(box):
    code = """
import asyncio
async def work():
    final_answer(3)
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
asyncio.run(main())"""
    output = box_with(additional_authorized_imports=["asyncio"]).run(code)
    assert (output.output, output.is_final_answer, output.error) == (3, True, None)


CIRCLE = """
import math
unit = 'm'
class Circle:
    def __init__(self, r): self.r = r
    def __repr__(self): return f'{self.r} {unit}, {math.pi * self.r ** 2:.1f}'
final_answer(Circle(2))"""


def test_an_answer_stays_what_it_is_when_the_box_is_used_again(box):
    circle = box.run(CIRCLE).output
    box.reset()
    assert box.run("unit = 'km'\n'math' in dir()").error is None
    assert repr(circle) == "2 m, 12.6"


LEFT_BEHIND = """
import threading
go, told = threading.Event(), []
def later():
    go.wait(10)
    print('secret')
    try:
        search('from before')
    except RuntimeError as error:
        told.append(str(error))
thread = threading.Thread(target=later, daemon=True)
thread.start()
final_answer((go, thread, told, later))"""


def test_a_thread_that_was_left_behind_reaches_nothing_of_the_next_session(box):
    go, thread, told, _later = box.run(LEFT_BEHIND).output
    box.reset()
    box.send_variables({"go": go, "thread": thread})
    output = box.run("go.set()\nthread.join()\nprint('mine')")
    assert (output.logs, output.error) == ("mine\n", None)
    assert "the session of this code is over" in told[0]


def test_data_that_was_given_out_keeps_no_variables(box):
    box.run("class Held: pass\nheld = Held()\n[{'a': (1, 'b')}]")
    held = weakref.ref(box.state["held"])
    box.reset()
    gc.disable()
    try:
        assert all_gone([held])
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "given", ["{helper2: 1}", "[[[[helper2]]]]", "functools.partial(helper2)", "search(query=helper2)"]
)
def test_whatever_is_given_out_keeps_the_variables_that_it_needs(given):
    kept = []

    def search(query: object) -> int:
        """Keeps it."""
        kept.append(query)
        return 1

    box = box_with(search, additional_authorized_imports=["functools"])
    code = "import functools\ndef helper(): return 7\ndef helper2(): return helper()\n"
    kept.append(box.run(code + given).output)
    box.reset()
    box.run("1")
    found = kept[0]
    while not callable(found):
        found = next(iter(found))
    assert found() == 7


def test_a_large_answer_is_looked_at_no_longer_than_a_moment(box):
    assert box.run("c = [[[0] * 1000] * 1000] * 1000").error is None


def test_a_value_that_takes_long_to_show_itself_silences_nobody_else():
    box = box_with(timeout_seconds=0.2)
    box.run(
        "import time\nclass Slow:\n    def __str__(self):\n        time.sleep(1.5)\n        return ''\nslow = Slow()"
    )
    assert box.run("print('hello')").logs == "hello\n"
    box.cleanup()


def test_variables_that_are_replaced_are_let_go(box):
    box.run("class Held: pass\nheld = Held()\n1")
    held = weakref.ref(box.state["held"])
    gc.disable()
    try:
        box.state = {"x": 1}
        assert all_gone([held])
    finally:
        gc.enable()
    assert box.run("x").output == 1


def test_a_value_is_shown_once_and_only_where_somebody_sees_it(box):
    shown = "class A:\n    def __repr__(self):\n        print('shown')\n        return 'A()'\n"
    assert box.run(shown + "a = A()").logs == ""
    assert box.run("a").logs == "shown\n"


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit", "Own"])
def test_a_value_that_ends_whoever_shows_it_is_the_snippets_failure(box, error):
    code = f"class Own(BaseException): pass\nclass A:\n    def __repr__(self): raise {error}\n"
    assert box.run(code + "A()").error.type == error
    if error == "KeyboardInterrupt":  # what stops a snippet stops it there, too
        return
    told = box.run(f"class B(Exception):\n    def __str__(self): raise {error}\nraise B")
    assert (told.error.type, told.error.message) == (
        "B",
        f"<the message can't be shown: str() raised {error}>",
    )


def test_an_error_after_a_caught_final_answer_is_an_error(box):
    assert box.run("try:\n    final_answer(1)\nexcept BaseException:\n    pass\n1 / 0").error is not None


def test_a_final_answer_tool_that_computes_is_asked_for_the_answer():
    def final_answer(text: str) -> str:
        """Ends the run."""
        return text.upper()

    box = LocalPythonExecutor()
    box.send_tools({"final_answer": FunctionTool(final_answer)})
    output = box.run("final_answer('done')")
    assert (output.output, output.is_final_answer) == ("DONE", True)


# Tools


def test_a_tool_call_suspends_the_snippet_until_it_is_answered(box):
    reader = Reader(box, "pages = search('cats', top_k=2)\nlen(pages)")
    (call,) = reader.wait()
    assert (call.name, call.arguments) == ("search", {"query": "cats", "top_k": 2})
    reader.answer(["a", "b", "c"])
    assert reader.output().output == 3


def test_what_was_printed_before_a_call_is_delivered_before_it(box):
    reader = Reader(box, "print('one')\nprint('two')\nsearch('x')")
    printed = ""
    while isinstance(event := reader.next(), Printed):
        printed += event.text
    assert printed == "one\ntwo\n"
    assert isinstance(event, Suspended)
    box.interrupt()
    reader.output()


def test_the_error_of_a_tool_is_raised_at_the_call_and_can_be_caught(box):
    assert box.run("try:\n    fail('down')\nexcept ConnectionError as e:\n    x = str(e)\nx").output == "down"


def test_the_error_of_a_tool_names_the_tool(box):
    error = box.run("x = 1\nfail()").error
    assert (error.type, error.message, error.line, error.tool) == ("ConnectionError", "broken", 2, "fail")
    assert box.run("try:\n    fail()\nexcept ConnectionError:\n    pass\n1 / 0").error.tool is None


def test_a_tool_is_a_plain_function_to_a_snippet(box):
    assert box.run("search.__name__, search.__doc__, callable(search)").output == (
        "search",
        "Search for pages.",
        True,
    )
    assert str(box.run("import inspect\ninspect.signature(search)").output) == str(inspect.signature(search))
    assert box.run("list(map(search, ['a', 'b']))").output[1][0] == "b 0"


def test_calls_from_several_threads_of_a_snippet_are_all_answered(box):
    code = """
import threading
found = {}
def look(word):
    found[word] = search(word, 1)[0]
threads = [threading.Thread(target=look, args=(w,)) for w in "abcdef"]
for t in threads: t.start()
for t in threads: t.join()
sorted(found.values())
"""
    assert box.run(code).output == [f"{letter} 0" for letter in "abcdef"]


def test_calls_that_come_together_are_asked_together(box):
    code = """
import threading
threads = [threading.Thread(target=search, args=(w, 1)) for w in "abc"]
for t in threads: t.start()
for t in threads: t.join()
'done'
"""
    reader, asked = Reader(box, code), 0
    while asked < 3:
        calls = reader.wait()
        asked += len(calls)
        while len(box._running._queued) + asked < 3:
            threading.Event().wait(0.005)
        reader.answer(*[[] for _ in calls])
    assert reader.output().output == "done"


def test_a_snippet_that_ends_while_a_thread_of_it_waits_is_ended_after_the_answer(box):
    code = "import threading\nt = threading.Thread(target=search, args=('late',))\nt.start()\n'main is done'"
    reader = Reader(box, code)
    reader.wait()
    threading.Event().wait(0.05)
    reader.answer(["x"])
    assert reader.output().output == "main is done"


def test_every_call_must_be_answered(box):
    reader = Reader(box, "search('x')")
    reader.wait()
    with pytest.raises(ValueError, match="no answer for"):
        box.resume((Answer(99),))
    reader.answer([])
    assert reader.output().error is None


def test_a_tool_that_is_named_like_a_builtin_wins():
    def max(items: str) -> str:
        """The tool."""
        return "tool"

    box = box_with(max)
    assert box.run("max('x')").output == "tool"
    box.send_tools({"final_answer": FinalAnswer()})
    assert box.run("max([1, 2])").output == 2


def test_plain_functions_can_be_offered_as_tools():
    box = LocalPythonExecutor()
    box.send_tools({"double": lambda x: 2 * x, "final_answer": lambda x: {"answer": x}})
    assert box.run("double(4)").output == 8
    output = box.run("final_answer(double(1))")
    assert (output.output, output.is_final_answer) == ({"answer": 2}, True)


def test_an_additional_function_may_have_the_name_of_one_that_is_refused():
    assert LocalPythonExecutor(additional_functions={"open": str.upper}).run("open('a')").output == "A"


def test_additional_functions_run_inside_the_snippet():
    box = LocalPythonExecutor(additional_functions={"double": lambda x: 2 * x})
    assert box.run("double(4)").output == 8


def test_a_call_after_the_snippet_has_ended_is_refused_in_its_thread(box):
    code = """
import threading
go, outcome = threading.Event(), []
def late():
    go.wait()
    try:
        search('x')
    except RuntimeError as e:
        outcome.append(str(e))
t = threading.Thread(target=late)
t.start()
"""
    box.run(code)
    box.state["go"].set()
    box.state["t"].join(5)
    assert "no snippet runs" in box.state["outcome"][0]


# Variables


def test_the_state_is_live_in_both_directions(box):
    assert dict(box.state) == {"__name__": "__main__"}
    box.run("x = 1")
    box.state["y"] = 2
    assert box.run("x + y").output == 3
    del box.state["x"]
    assert "x" not in box.state
    assert box.state == {"__name__": "__main__", "y": 2}


def test_a_variable_that_is_sent_can_be_changed_without_changing_the_senders(box):
    rows = [{"n": 1}, [2, {3}]]
    rows.append(rows)
    box.send_variables({"rows": rows, "same": rows})
    assert box.run("rows[0]['n'] = 9\nrows[1].append(4)\nrows is same and rows[2] is rows").output is True
    assert rows[:2] == [{"n": 1}, [2, {3}]]


def test_an_object_that_is_sent_is_the_same_object(box):
    thing = queue.Queue()
    box.send_variables({"thing": thing})
    box.run("thing.put('from inside')")
    assert thing.get_nowait() == "from inside"


def test_reset_forgets_every_variable_and_keeps_the_tools(box):
    box.run("import math\nx = 1\nmath.pi = 3")
    box.reset()
    assert dict(box.state) == {"__name__": "__main__"}
    assert box.run("import math\nlen(search('q')), math.pi > 3").output == (3, True)


def test_a_fresh_box_has_the_settings_and_nothing_else():
    box = box_with(search, additional_authorized_imports=["json"], timeout_seconds=7, max_print_outputs_length=99)
    box.run("x = 1")
    fresh = box.fresh()
    assert fresh.run("import json\njson.dumps([1])").output == "[1]"
    assert (fresh.timeout_seconds, fresh.max_print_outputs_length, dict(fresh.tools)) == (7, 99, {})
    assert "x" not in fresh.state


def test_objects_that_belong_to_a_thread_stay_usable_from_snippet_to_snippet(box):
    box.run("import sqlite3\nconnection = sqlite3.connect(':memory:')")
    assert box.run("connection.execute('select 1').fetchone()").output == (1,)
    assert isinstance(box.state["connection"], sqlite3.Connection)


# By hand


def test_calling_the_box_raises_what_failed(box):
    with pytest.raises(InterpreterError, match="line 2 due to: ZeroDivisionError: division by zero"):
        box("x = 1\nx / 0")
    assert isinstance(box("1"), CodeOutput)


def test_one_snippet_at_a_time(box):
    reader = Reader(box, "search('x')")
    reader.wait()
    with pytest.raises(BoxError, match="running in this box already"):
        box.submit("1", print)
    with pytest.raises(BoxError, match="running"):
        box.reset()
    box.interrupt()
    reader.output()


def test_the_constructor_says_what_is_wrong():
    with pytest.raises(InterpreterError, match="Non-installed authorized modules: no_such_package"):
        LocalPythonExecutor(["no_such_package.sub", "json"])
    with pytest.raises(TypeError, match="must be a list"):
        LocalPythonExecutor("numpy")
    with pytest.raises(ValueError, match="above 0"):
        LocalPythonExecutor(timeout_seconds=0)


def test_a_state_that_is_assigned_takes_the_place_of_all_variables(box):
    box.run("old = 1")
    box.state = {"new": 2}
    assert box.run("new").output == 2
    assert box.run("old").error.type == "NameError"


def test_evaluate_python_code_runs_with_a_state_of_the_callers():
    state = {"x": 2}
    assert evaluate_python_code("y = add(x, 3)", {"add": lambda a, b: a + b}, state=state) == (5, False)
    assert state["y"] == 5
    assert evaluate_python_code("final_answer(x)", {"final_answer": lambda x: x + 1}, state=state) == (3, True)
    with pytest.raises(InterpreterError, match="NameError"):
        evaluate_python_code("nope")


def test_many_boxes_run_at_once_and_keep_apart():
    boxes = [box_with(search) for _ in range(30)]
    readers = [Reader(box, f"me = {n}\nr = search('q{n}', 1)\n(me, r[0])") for n, box in enumerate(boxes)]
    for reader in readers:
        (call,) = reader.wait()
        reader.answer([call.arguments["query"]])
    assert [reader.output().output for reader in readers] == [(n, f"q{n}") for n in range(30)]
    for box in boxes:
        box.cleanup()


def test_a_box_that_nobody_holds_gives_its_thread_back():
    box = LocalPythonExecutor(["json"])
    box.run("x = 1")
    worker, gone = box._worker, weakref.ref(box)
    del box
    gc.collect()
    assert gone() is None
    assert Worker.take() is worker
    worker.release()


def test_hundreds_of_snippets_leave_no_memory_behind():
    box = LocalPythonExecutor()
    box.run("x = 0")
    gc.collect()
    tracemalloc.start()
    for n in range(400):
        box.run(f"x = {n}\nprint(x)\ndef f(): return x\ntry:\n    1 / 0\nexcept ZeroDivisionError as e: pass")
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 500_000


def test_a_box_works_on_after_cleanup(box):
    box.run("x = 1")
    box.cleanup()
    box.cleanup()
    assert box.run("x").output == 1


def test_context_variables_of_the_caller_are_seen_by_the_snippet():
    import contextvars

    who = contextvars.ContextVar("who", default="nobody")
    box = LocalPythonExecutor(additional_functions={"who": who.get})
    who.set("the caller")
    assert box.run("who()").output == "the caller"


def test_an_object_that_is_offered_as_a_tool_shows_nothing_but_that_it_can_be_called():
    class Greeter:
        key = "secret"

        def __call__(self, name):
            return f"hello {name}"

    box = LocalPythonExecutor()
    box.send_tools({"greet": Greeter()})
    assert box.run("greet('you')").output == "hello you"
    assert box.run("greet.key").error.type == "AttributeError"
