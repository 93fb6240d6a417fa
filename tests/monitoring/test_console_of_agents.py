"""The console over real runs of real agents."""

import io
import threading

import pytest
from rich.console import Console

from actlet import AgentLogger, CodeAgent, LogLevel, ToolCallingAgent, tool
from actlet.testing import ProcessExecutor, ScriptedModel


@tool
def weather(city: str, days: int = 1) -> str:
    """The weather in a city.

    Args:
        city: which city
    """
    return f"sunny in {city} for {days}"


def logger(level=LogLevel.INFO) -> AgentLogger:
    return AgentLogger(level, Console(file=io.StringIO(), width=100))


def shown(log: AgentLogger) -> str:
    return log.console.file.getvalue()


def code(text: str) -> str:
    return f"I write code.\n<code>\n{text}\n</code>"


def team(log: AgentLogger, **settings) -> CodeAgent:
    calls = [
        [("weather", {"city": "[Paris]"}), ("weather", {"city": "Rome"})],
        [("final_answer", {"answer": "sun"})],
    ]
    member = ToolCallingAgent(
        [weather], ScriptedModel(calls), name="forecaster", description="Knows the weather.", logger=log
    )
    replies = [
        code("answer = forecaster('How is it?')\nprint(answer)"),
        code("1 / 0"),
        code("final_answer(answer)"),
    ]
    return CodeAgent([], ScriptedModel(replies), managed_agents=[member], logger=log, **settings)


def in_order(text: str, *parts: str) -> None:
    positions = [text.find(part) for part in parts]
    assert -1 not in positions, f"{parts[positions.index(-1)]!r} is missing in\n{text}"
    assert positions == sorted(positions)


@pytest.mark.parametrize("stream", [False, True])
def test_the_run_of_a_team_is_told_in_order(stream):
    log = logger()
    team(log, stream_outputs=stream).run("How is the weather?")
    in_order(
        shown(log),
        "How is the weather?",
        "━ Step 1 ━",
        "answer = forecaster('How is it?')",
        "New run - forecaster",
        "Step 1 · forecaster",
        "Calling tool: 'weather' with arguments: {'city': '[Paris]'}",
        "  weather gave: sunny in [Paris] for 1",
        "  forecaster answers: sun",
        "Execution logs:\nsun\n[Step 1: Duration",
        "━ Step 2 ━",
        "Error: ZeroDivisionError: division by zero",
        "━ Step 3 ━",
        "Final answer: sun\n[3 steps in",
    )
    assert shown(log).count("forecaster('How is it?')") == 1
    assert "Input tokens: 500 | Output tokens: 50]" in shown(log)


def test_off_shows_nothing_of_a_run():
    log = logger(LogLevel.OFF)
    assert team(log).run("How is the weather?") == "sun"
    assert shown(log) == ""


def test_error_shows_errors_only():
    log = logger(LogLevel.ERROR)
    team(log).run("How is the weather?")
    assert shown(log) == "Error: ZeroDivisionError: division by zero (line 1)\n"


@pytest.mark.parametrize("stream", [False, True])
def test_debug_shows_what_the_model_is_sent_and_what_its_code_does(stream):
    log = logger(LogLevel.DEBUG)
    replies = [code("sky = weather('Rome')\nprint(sky)"), code("1 / 0"), code("final_answer(sky)")]
    CodeAgent([weather], ScriptedModel(replies), logger=log, stream_outputs=stream).run("How is it?")
    in_order(
        shown(log),
        "━ Step 1 ━",
        "Messages to the model: 2. New ones:\n[system]\n",
        "def weather(city: str, days: int = 1) -> str:",
        "[user]\nNew task:\nHow is it?\n",
        "sky = weather('Rome')",
        "weather is called with {'city': 'Rome'}\nweather gave sunny in Rome for 1\n",
        "Execution logs:\nsunny in Rome for 1\nVariables set: sky\n",
        "━ Step 2 ━",
        "Messages to the model: 4. New ones:\n[user]\nObservation:\nsunny in Rome for 1\n",
        "━ Step 3 ━",
        "Messages to the model: 6. New ones:\n[user]\nError:\n",
    )
    assert shown(log).count("[system]") == 1
    assert shown(log).count("I write code.") == 3
    assert "[assistant]" not in shown(log)


def test_info_shows_nothing_of_that():
    log = logger(LogLevel.INFO)
    replies = [code("sky = weather('Rome')"), code("final_answer(sky)")]
    CodeAgent([weather], ScriptedModel(replies), logger=log, stream_outputs=True).run("How is it?")
    for words in ("Messages to the model", "is called with", "weather gave", "Variables set"):
        assert words not in shown(log)


def test_runs_that_overlap_are_told_in_whole_blocks():
    log = logger()
    model = ScriptedModel([code("print('a')\nprint('b')"), code("final_answer(1)")], by="conversation", pace=0.001)
    agent = CodeAgent([], model, logger=log, stream_outputs=True)
    threads = [threading.Thread(target=agent.run, args=("Go.",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = shown(log).splitlines()
    for line in ("Final answer: 1", "Execution logs:", f"╰─ ScriptedModel - scripted {'─' * 71}╯"):
        assert lines.count(line) == 8, line
    assert sum(line.startswith("[Step 1: Duration") and line.endswith("10]") for line in lines) == 8


def test_what_is_printed_is_shown_while_the_snippet_still_runs():
    log, seen = logger(), []

    @tool
    def look() -> None:
        """Looks at the screen."""
        seen.append(shown(log))

    CodeAgent([look], ScriptedModel([code("print('early')\nlook()\nfinal_answer(1)")]), logger=log).run("Go.")
    assert "Execution logs:\nearly\n" in seen[0]


def test_a_tree_shows_an_agent_and_its_team():
    log = logger(LogLevel.OFF)
    team(log).visualize()
    in_order(
        shown(log), "CodeAgent | scripted", "May import: ", "final_answer", "Team", "forecaster | ToolCallingAgent"
    )
    assert "├──" in shown(log)
    in_order(shown(log), "Knows the weather.", "weather", "city: str", "days: int = 1")


@pytest.mark.parametrize(
    ("settings", "importable"),
    [
        ({}, "collections, datetime"),
        ({"additional_authorized_imports": ["*"]}, "any that are installed"),
        (
            {"executor_type": "sandbox", "additional_authorized_imports": ["numpy"]},
            "all of Python's standard library, numpy",
        ),
        ({"executor": ProcessExecutor()}, "all of Python's standard library"),
    ],
    ids=["local", "any", "sandbox", "own"],
)
def test_a_tree_says_the_same_of_imports_as_the_prompt(settings, importable):
    log = logger(LogLevel.OFF)
    agent = CodeAgent([], ScriptedModel([]), logger=log, **settings)
    agent.visualize()
    assert f"May import: {importable}" in shown(log)
    assert importable in agent.system_prompt


def test_replay_tells_a_memory_again():
    log = logger()
    agent = team(log)
    agent.run("How is the weather?")
    log.console = Console(file=io.StringIO(), width=100)
    agent.replay()
    in_order(shown(log), "How is the weather?", "Step 1", "forecaster('How is it?')", "sun", "Step 2")
    in_order(shown(log), "Step 2", "ZeroDivisionError", "Step 3", "final_answer(answer)")
    assert "System prompt" not in shown(log)


def test_a_detailed_replay_shows_what_the_model_was_sent():
    log = logger()
    agent = team(log)
    agent.run("How is the weather?")
    log.console = Console(file=io.StringIO(), width=100)
    agent.replay(detailed=True)
    in_order(shown(log), "System prompt", "[system]", "[user]", "[assistant]")


def test_replay_shows_tool_calls_and_plans():
    log = logger(LogLevel.OFF)
    calls = [[("weather", {"city": "Oslo"})], [("final_answer", {"answer": "ok"})]]
    model = ScriptedModel(["1. Ask.\n2. Answer.", *calls])
    agent = ToolCallingAgent([weather], model, planning_interval=5, logger=log)
    agent.run("Go.")
    agent.replay()
    in_order(
        shown(log), "Plan", "1. Ask.", "Called tool: 'weather' with arguments: {'city': 'Oslo'}", "sunny in Oslo"
    )
