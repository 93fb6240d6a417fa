"""What the command line may hold. Imports nothing of the library, so that `actlet --help` is there at once."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter, _SubParsersAction
from typing import Any

from .exits import EXIT_CODES
from .streams import write

_EXAMPLES = """\
examples:
  actlet demo                                         a recorded run; needs no model and no network
  actlet doctor                                       what works here, and what to do about what doesn't
  actlet run "What is the 20th Fibonacci number?"
  actlet run --model ollama:qwen3:8b --imports pandas "..."
  actlet run --file log=server.log --output-type int "How many errors does the variable log hold?"
  actlet run --packages humanize "Say 123456789 in words."
  actlet run --executor docker --executor-option memory_mb=256 "..."
  actlet chat --tools my_tools.py:search

"""

_MODELS = """\
PROVIDER:MODEL-ID, such as openai:gpt-5-mini, ollama:qwen3:8b or http://host:8000/v1:my-model. Without it the model
is found: ACTLET_MODEL, then API keys in the environment, then a local server that answers"""


class _Parser(ArgumentParser):
    """A parser whose help is an answer."""

    def print_help(self, file: Any = None) -> None:
        """Print it to `file`, or else to stdout."""
        if file is None:
            write(self.format_help().rstrip())
        else:
            super().print_help(file)


def parser() -> ArgumentParser:
    """The parser of every command."""
    top: ArgumentParser = _Parser(
        prog="actlet",
        description="Agents that act by writing Python.",
        epilog=_EXAMPLES + EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _run(commands)
    _chat(commands)
    _demo(commands)
    _doctor(commands)
    return top


def _command(commands: _SubParsersAction[ArgumentParser], name: str, text: str, epilog: str = "") -> ArgumentParser:
    return commands.add_parser(
        name,
        help=text.partition("\n")[0],
        description=text,
        epilog=epilog,
        formatter_class=RawDescriptionHelpFormatter,
    )


def _run(commands: _SubParsersAction[ArgumentParser]) -> None:
    text = (
        "Carry out a task. The answer goes to stdout (as JSON, unless it is text), everything else to stderr.\n"
        'Numbers that JSON lacks are strings in it: "NaN", "Infinity", "-Infinity".'
    )
    command = _command(commands, "run", text, EXIT_CODES)
    command.add_argument("task", metavar="TASK", help="what to do; - reads it from stdin")
    command.add_argument(
        "--json", action="store_true", help="print the whole result, or the failure, as one JSON object"
    )
    command.add_argument(
        "--output-type",
        metavar="TYPE",
        help="the type of the answer: int, list[str], dict[str, float], or your own as file.py:Name",
    )
    command.add_argument(
        "--image", metavar="PATH", action="append", default=[], help="an image for the model to see; repeatable"
    )
    command.add_argument(
        "--var", metavar="NAME=VALUE", action="append", default=[], help="a variable for its code; repeatable"
    )
    command.add_argument(
        "--file",
        metavar="NAME=PATH",
        action="append",
        default=[],
        help="a file's text as a variable; repeatable",
    )
    _agent_options(command)


def _chat(commands: _SubParsersAction[ArgumentParser]) -> None:
    text = (
        "Talk with an agent that remembers. /help lists what else it understands.\n"
        "Where lines are piped in, all are carried out, and the exit code is that of the first turn that failed."
    )
    _agent_options(_command(commands, "chat", text, EXIT_CODES))


def _demo(commands: _SubParsersAction[ArgumentParser]) -> None:
    text = (
        "Replay a recorded run with real code, tools and data, and check its answer. Needs no model and no network."
    )
    command = _command(commands, "demo", text)
    command.add_argument("--live", metavar="MODEL", help="run it with this model instead: PROVIDER:MODEL-ID")
    command.add_argument("--record", metavar="PATH", help="with --live: record the model's replies in this file")


def _doctor(commands: _SubParsersAction[ArgumentParser]) -> None:
    command = _command(commands, "doctor", "Say what works on this machine, and what to do about what doesn't.")
    command.add_argument("--model", metavar="MODEL", help="check this model: PROVIDER:MODEL-ID")
    command.add_argument("--json", action="store_true", help="print the findings as one JSON object")


def _agent_options(command: ArgumentParser) -> None:
    model = command.add_argument_group("the model")
    model.add_argument("--model", metavar="MODEL", help=_MODELS)
    model.add_argument("--api-base", metavar="URL", help="where the model is served")
    model.add_argument("--api-key", metavar="KEY", help="its key; better given in the environment")
    agent = command.add_argument_group("the agent")
    agent.add_argument(
        "--agent", choices=["code", "tool-calling"], default="code", help="what it acts by (default: code)"
    )
    agent.add_argument(
        "--tools",
        metavar="NAME",
        action="append",
        default=[],
        help="a tool of the toolbox (calculator, sql=URL, table_statistics=FOLDER, ...), or your own as "
        "file.py:name or module:name, which may be an agent for it to manage; several with commas, repeatable",
    )
    agent.add_argument("--max-steps", metavar="N", type=_count, default=20, help="(default: 20)")
    agent.add_argument("--planning-interval", metavar="N", type=_count, help="make a plan every N steps")
    agent.add_argument("--instructions", metavar="TEXT", help="what it should keep to")
    _box_options(command)
    console = command.add_mutually_exclusive_group()
    console.add_argument("-q", "--quiet", action="store_true", help="show errors only")
    console.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="show also what the model is sent, and what its code calls and leaves behind",
    )


def _box_options(command: ArgumentParser) -> None:
    box = command.add_argument_group(
        "the box",
        "where the agent's code runs. The sandbox keeps it from your files, your network and your keys; so do\n"
        "docker, wasm and the clouds. local is this very process, and keeps it from nothing. Tools work in all of\n"
        "them, and run here. actlet doctor says which boxes work on this machine.",
    )
    box.add_argument(
        "--executor",
        metavar="BOX",
        help="local, sandbox, docker, wasm, ... (default: sandbox where it works, else local, which is told)",
    )
    box.add_argument(
        "--executor-option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="an option of the box, such as memory_mb=512 or image=python:3.12-slim; repeatable",
    )
    box.add_argument(
        "--packages",
        metavar="REQUIREMENT",
        action="append",
        default=[],
        help="packages to install for its code, once, such as 'numpy>=2'; several with commas or spaces, "
        "repeatable. Not for local",
    )
    box.add_argument(
        "--imports",
        metavar="MODULE",
        action="append",
        default=[],
        help="modules that its code is told it may import; in local, it may import no others than these and the "
        "safe ones of the standard library",
    )
    box.add_argument(
        "--snippet-timeout", metavar="SECONDS", type=_seconds, help="for each snippet of code (default: 30)"
    )


def _count(text: str) -> int:
    number = int(text) if text.strip().isdecimal() else 0
    if number < 1:
        raise ArgumentTypeError(f"it must be a whole number, 1 or more, not {text!r}")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ArgumentTypeError(f"it must be a number of seconds, more than 0, not {text!r}")
    return seconds
