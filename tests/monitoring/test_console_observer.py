import io
import logging
import threading
from time import perf_counter
from types import SimpleNamespace

import pytest
from rich.console import Console

from actlet.errors import AgentError
from actlet.execution.box import CodeOutput, SnippetError
from actlet.memory import ActionStep, FinalAnswerStep, PlanningStep, ToolCall
from actlet.messages import ChatMessage, ChatMessageStreamDelta, MessageRole, Timing, TokenUsage
from actlet.monitoring import AgentLogger, LogLevel, observers_for
from actlet.runs.effects import Generate, ToolResult
from actlet.runs.events import (
    CodeFinished,
    CodePrinted,
    CodeStarted,
    ModelCalled,
    Retrying,
    RunFinished,
    RunStarted,
    StepStarted,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)


def run_of(name: str | None = None, depth: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        agent=SimpleNamespace(name=name, model=SimpleNamespace(model_id="m-1")),
        depth=depth,
        step_number=2,
        timing=Timing(0.0, 3.5),
        usage=TokenUsage(2468, 112, cached_input_tokens=2000),
        usage_known=True,
        cost=lambda: 0.0123,
    )


def drawn(*events, level=LogLevel.INFO, run=None, console: Console | None = None) -> str:
    log = AgentLogger(level, console or Console(file=io.StringIO(), width=120))
    for observer in observers_for(log):
        for event in events:
            observer(event, run or run_of())
    return log.console.file.getvalue()


def action(number: int = 1, **fields) -> ActionStep:
    timing, usage = Timing(10.0, 11.5), TokenUsage(1234, 56, cached_input_tokens=1000)
    return ActionStep(number, timing, token_usage=usage, **fields)


def delta(text: str) -> ChatMessageStreamDelta:
    return ChatMessageStreamDelta(content=text)


def test_a_run_is_told_from_the_task_to_the_answer():
    text = drawn(
        RunStarted("What is [2] + 2?"),
        StepStarted(1),
        CodeStarted("print('adding')\n2 + 2"),
        CodePrinted("adding\n"),
        CodeFinished(CodeOutput(output=4, logs="adding\n", shown=True)),
        action(),
        StepStarted(2),
        CodeStarted("final_answer(4)"),
        CodeFinished(CodeOutput(output=4, is_final_answer=True)),
        action(2),
        FinalAnswerStep(4),
        RunFinished(4),
    )
    told = (
        "New run",
        "What is [2] + 2?",
        "SimpleNamespace - m-1",
        "━ Step 1 ━",
        "Executing parsed code:",
        "print('adding')",
        "Execution logs:\nadding\n",
        "Out: 4",
        "[Step 1: Duration 1.50 seconds | Input tokens: 1,234 (1,000 cached) | Output tokens: 56]",
        "━ Step 2 ━",
        "final_answer(4)",
        "Final answer: 4",
        "[2 steps in 3.50 seconds | Input tokens: 2,468 (2,000 cached) | Output tokens: 112 | Cost: 0.0123]",
    )
    positions = [text.find(part) for part in told]
    assert -1 not in positions, told[positions.index(-1)]
    assert positions == sorted(positions)
    assert text.count("adding\n") == 1
    assert text.count("Out:") == 1


def test_a_value_that_nobody_asked_to_see_is_not_shown():
    quiet = [CodeOutput(output=4), CodeOutput(output=None, shown=True), CodeOutput(output=4, is_final_answer=True)]
    assert drawn(*map(CodeFinished, quiet)) == ""


def test_logs_that_were_not_printed_live_are_shown_at_the_end():
    assert drawn(CodeFinished(CodeOutput(logs="all at once\n"))) == "Execution logs:\nall at once\n"


def test_code_that_streamed_by_is_not_drawn_again():
    pieces = [delta(piece) for piece in ("I add.\n<co", "de>\n2 +", " 2\n</code>")]
    text = drawn(StepStarted(1), *pieces, CodeStarted("2 + 2"), action())
    assert text.count("2 + 2") == 1
    assert "I add.\n<code>\n2 + 2\n</code>\n[Step 1:" in text


def test_a_tool_call_and_what_it_gave_are_shown():
    call = ToolCall("weather", {"city": "[Paris]"}, "call_1")
    text = drawn(ToolStarted(call, from_code=False), ToolOutput("call_1", 21, False, "21 degrees", call))
    assert "Calling tool: 'weather' with arguments: {'city': '[Paris]'}" in text
    assert "weather gave: 21 degrees" in text


def test_tool_calls_from_code_are_shown_only_in_detail():
    event = ToolStarted(ToolCall("weather", {"city": "Paris"}, "call_1"), from_code=True)
    assert drawn(event) == ""
    assert "weather is called with {'city': 'Paris'}" in drawn(event, level=LogLevel.DEBUG)


def test_what_a_tool_gave_to_code_is_shown_only_in_detail():
    call = ToolCall("weather", {"city": "Paris"}, "call_1")
    gave, failed = ToolResult(call, "[sun]"), ToolResult(call, error=ValueError("no such city"))
    told = [ToolFinished(gave, from_code=True), ToolFinished(failed, from_code=True)]
    assert drawn(*told) == ""
    assert drawn(*told, level=LogLevel.DEBUG) == "weather gave [sun]\nweather failed: no such city\n"
    assert drawn(ToolFinished(gave, from_code=False), level=LogLevel.DEBUG) == ""


def test_variables_and_files_that_code_left_are_shown_only_in_detail():
    outcome = CodeFinished(CodeOutput(changed=("x", "y"), files=("a.csv",)))
    assert drawn(outcome) == ""
    assert drawn(outcome, level=LogLevel.DEBUG) == "Variables set: x, y\nFiles written: a.csv\n"


def test_messages_that_were_sent_before_are_not_shown_again():
    first, second = ChatMessage(MessageRole.SYSTEM, "be brief"), ChatMessage(MessageRole.USER, "look")
    asked = [ModelCalled(Generate([first])), ModelCalled(Generate([first])), ModelCalled(Generate([first, second]))]
    assert drawn(*asked) == ""
    assert drawn(*asked, level=LogLevel.DEBUG).splitlines() == [
        *("Messages to the model: 1. New ones:", "[system]", "be brief", ""),
        "Messages to the model: 1. None is new.",
        *("Messages to the model: 2. New ones:", "[user]", "look", ""),
    ]


def test_the_reply_is_shown_in_detail_once():
    step = action(model_output_message=ChatMessage(MessageRole.ASSISTANT, "I think."))
    assert "I think." not in drawn(step)
    assert "I think." in drawn(step, level=LogLevel.DEBUG)
    assert drawn(StepStarted(1), delta("I think."), step, level=LogLevel.DEBUG).count("I think.") == 1


def test_a_plan_is_shown_once_whether_it_streamed_or_not():
    plan = PlanningStep(None, ChatMessage(MessageRole.ASSISTANT, "1. Look"), "1. Look", Timing(0.0, 2.0))
    assert drawn(StepStarted(1, planning=True), plan).count("1. Look") == 1
    assert drawn(StepStarted(1, planning=True), delta("1. Look"), plan).count("1. Look") == 1


def test_errors_are_shown_even_where_nothing_else_is():
    error = action(error=AgentError("NameError: [x] is not defined"))
    text = drawn(RunStarted("t"), error, RunFinished(error=ValueError("no")), level=LogLevel.ERROR)
    assert text == "Error: NameError: [x] is not defined\nThe run ended without an answer. ValueError: no\n"


def test_an_error_that_was_told_is_not_told_again():
    error = AgentError("the model failed")
    text = drawn(action(error=error), RunFinished(error=error), level=LogLevel.ERROR)
    assert text == "Error: the model failed\nThe run ended without an answer.\n"


def test_a_run_that_was_stopped_says_so():
    assert drawn(RunFinished(error=KeyboardInterrupt()), level=LogLevel.ERROR) == "The run was stopped.\n"


def test_a_failed_snippet_has_no_value():
    failed = CodeOutput(output=1, shown=True, error=SnippetError("ZeroDivisionError", "division by zero", 1))
    assert drawn(CodeFinished(failed)) == ""


def test_a_retry_is_told_and_the_streamed_reply_is_void():
    retry = Retrying(Generate([]), TimeoutError("slow"), attempt=1, wait=1.25)
    text = drawn(StepStarted(1), delta("2 + 2"), retry, CodeStarted("2 + 2"))
    assert "2 + 2\nAttempt 1 failed, again in 1.2 s: TimeoutError: slow\n" in text
    assert text.count("2 + 2") == 2


def test_a_team_member_is_shown_to_the_right_under_its_name():
    text = drawn(
        StepStarted(3), delta("on it\nnow"), action(3), FinalAnswerStep("done"), run=run_of("researcher", depth=1)
    )
    assert "Step 3 · researcher" in text
    assert "  researcher: on it\n  now\n" in text
    assert "  researcher answers: done" in text


def test_off_is_no_observer_at_all():
    assert observers_for(AgentLogger(LogLevel.OFF)) == ()


@pytest.mark.parametrize("terminal", [False, True])
def test_a_streamed_piece_costs_next_to_nothing(terminal: bool, tmp_path):
    with open(tmp_path / "out", "w") as file:
        log = AgentLogger(console=Console(file=file, force_terminal=terminal))
        (observer,), run, piece = observers_for(log), run_of(), delta("a word ")
        observer(piece, run)
        started = perf_counter()
        for _ in range(20_000):
            observer(piece, run)
        each = (perf_counter() - started) / 20_000
    assert each < 20e-6  # about 1 us; the limit leaves room for a busy machine


def test_of_two_replies_at_once_one_streams_and_the_other_follows_whole():
    log = AgentLogger(console=Console(file=io.StringIO(), width=120))
    (first,), (second,) = observers_for(log), observers_for(log)
    a, b = run_of("a", depth=1), run_of("b", depth=1)
    for piece in ("one ", "two ", "three"):
        first(delta(piece), a)
        second(delta(piece.upper()), b)
    second(action(1), b)
    first(action(2), a)
    lines = log.console.file.getvalue().splitlines()
    assert lines[:2] == ["  a: one two three", "  b: ONE TWO THREE"]
    assert [line.split(":")[0] for line in lines[2:]] == ["  [Step 1", "  [Step 2"]


def test_a_reply_that_was_abandoned_holds_nobody_up():
    log = AgentLogger(console=Console(file=io.StringIO(), width=120))
    (abandoned,) = observers_for(log)
    abandoned(delta("cut o"), run_of())
    del abandoned
    (other,) = observers_for(log)
    other(StepStarted(1), run_of())
    other(delta("live"), run_of())
    text = log.console.file.getvalue()
    assert text.startswith("cut o\n━")
    assert text.endswith("live")


def test_blocks_of_runs_in_many_threads_are_not_mixed():
    log = AgentLogger(console=Console(file=io.StringIO(), width=60))

    def work(name: str) -> None:
        (observer,) = observers_for(log)
        for _ in range(20):
            observer(CodeStarted(f"{name} = 1\n{name} = 2"), run_of())

    threads = [threading.Thread(target=work, args=(f"name_{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = log.console.file.getvalue().splitlines()
    blocks = [lines[i : i + 4] for i in range(0, len(lines), 4)]
    assert len(blocks) == 160
    for title, one, two, end in blocks:
        assert "Executing parsed code:" in title
        assert one.split("=")[0] == two.split("=")[0]
        assert set(end.strip()) == {"─"}


def test_events_go_to_the_standard_logging_when_it_is_at_debug(caplog):
    assert drawn(StepStarted(1), level=LogLevel.OFF) == ""
    assert caplog.records == []
    with caplog.at_level(logging.DEBUG, logger="actlet"):
        drawn(StepStarted(1), delta("piece"), level=LogLevel.OFF, run=run_of("finder"))
    assert [record.message for record in caplog.records] == ["finder: StepStarted(number=1, planning=False)"]
    assert caplog.records[0].event == StepStarted(1)
