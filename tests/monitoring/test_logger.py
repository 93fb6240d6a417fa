import io
import subprocess
import sys

import pytest
from rich.console import Console

from actlet.messages import ChatMessage, MessageRole
from actlet.monitoring import AgentLogger, LogLevel


def console(**options) -> Console:
    return Console(file=io.StringIO(), width=80, **options)


def logger(level=LogLevel.INFO, **options) -> AgentLogger:
    return AgentLogger(level, console(**options))


def shown(log: AgentLogger) -> str:
    return log.console.file.getvalue()


def test_what_is_above_the_level_is_not_shown():
    log = logger(LogLevel.INFO)
    log.log("seen")
    log.log("unseen", level=LogLevel.DEBUG)
    assert shown(log) == "seen\n"


def test_a_level_may_be_given_by_name():
    log = logger(LogLevel.ERROR)
    log.log("an error", level="ERROR")
    log.log("a detail", level="info")
    assert shown(log) == "an error\n"


def test_a_level_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r"'LOUD'.*OFF, ERROR, INFO, DEBUG"):
        logger().log("x", level="LOUD")


def test_brackets_are_shown_as_they_are():
    log = logger()
    log.log("a [bold]list[/bold] of [1, 2] [/nothing]")
    log.log_error("[red] is a colour")
    assert shown(log) == "a [bold]list[/bold] of [1, 2] [/nothing]\n[red] is a colour\n"


def test_control_characters_do_not_reach_the_terminal():
    log = logger(force_terminal=True)
    log.log("\x1b]0;title\x07")
    log.log_code("code", "x = '\x1b[31m'")
    assert "\x1b]0;" not in shown(log)
    assert "\\x1b]0;title\\x07" in shown(log)


def test_off_shows_nothing_of_a_run():
    log = logger(LogLevel.OFF)
    log.log("a")
    log.log_error("b")
    log.log_rule("c")
    log.log_task("d", "e")
    log.log_code("f", "g")
    log.log_markdown("h")
    log.log_messages([ChatMessage(MessageRole.USER, "i")])
    assert shown(log) == ""


def test_each_kind_shows_what_it_is_given():
    log = logger(LogLevel.DEBUG)
    log.log_task("find [the] answer", "OpenAIModel - gpt", title="finder")
    log.log_rule("Step 1")
    log.log_code("Executing:", "x = [1]")
    log.log_markdown("# Heading", title="A plan")
    log.log_messages(
        [ChatMessage(MessageRole.USER, [{"type": "text", "text": "see"}, {"type": "image", "image": b""}])]
    )
    log.log_answer("[42]")
    for part in (
        "New run - finder", "find [the] answer", "OpenAIModel - gpt", "━ Step 1 ━", "x = [1]",
        "A plan", "# Heading", "[user]", "see", "(images: 1)", "Final answer: [42]",
    ):  # fmt: skip
        assert part in shown(log), part


def test_a_subclass_that_overrides_log_sees_everything():
    class Collecting(AgentLogger):
        def log(self, *args, level=LogLevel.INFO, **kwargs):
            seen.append(args)

    seen: list = []
    log = Collecting(console=console())
    log.log_error("no")
    log.log_rule("Step 1")
    log.log_task("task", "model")
    log.log_code("title", "code")
    assert len(seen) == 4


def test_the_console_can_be_stderr(capsys):
    AgentLogger(stderr=True).log("told")
    AgentLogger().log("said")
    captured = capsys.readouterr()
    assert (captured.err, captured.out) == ("told\n", "said\n")


def test_rich_is_loaded_only_when_something_is_shown():
    program = (
        "import sys; from actlet.monitoring import AgentLogger, LogLevel, observers_for\n"
        "log = AgentLogger(); log.log('x', level=LogLevel.DEBUG); observers_for(log)\n"
        "assert 'rich' not in sys.modules, 'too early'\n"
        "log.log('now'); assert 'rich' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, env=_path())
    assert (done.stdout, done.stderr) == ("now\n", "")


def _path() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}
