"""`actlet demo`: a recorded run, replayed with real code, tools and data, or the same run with a live model."""

from __future__ import annotations

from argparse import Namespace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ..demo.check import right_answer
from ..demo.task import TASK, Answer, demo_agent
from ..errors import ActletError
from .building import StderrLogger, find
from .exits import CommandError, Exit
from .streams import give, say

_REPLAY = """\
This is a replay: the model's replies are a recording, of a language model that answered this agent.
The agent, its tools, its box, the code that runs in it and the data are real, here and now.
"""
_LIVE = """\
The same with a live model: actlet demo --live openai:gpt-5-mini (or ollama:MODEL, http://HOST:PORT/v1:MODEL)
"""


def demo(options: Namespace) -> Exit:
    """Run the demonstration, and hold its answer against one that is computed here."""
    if options.record and not options.live:
        raise CommandError("--record records a live model: give --live MODEL too")
    if not options.live:
        say(_REPLAY)
    try:
        answer = _carried_out(_model(options.live, options.record))
    except ActletError as error:  # which the console has told
        raise CommandError("the run failed, so there is no answer to check", Exit.FAILED) from error
    right = right_answer()
    give(f"answered: {answer}\ncomputed: {right}\n{'The answer is right.' if answer == right else 'WRONG.'}")
    if not options.live:
        say("\n" + _LIVE)
    return Exit.ANSWERED if answer == right else Exit.FAILED


def _carried_out(model: Any) -> Answer:
    from ..monitoring import LogLevel

    agent = demo_agent(model, logger=StderrLogger(LogLevel.INFO), stream_outputs=model.can_stream)
    answer: Answer = agent.run(TASK)
    return answer


def _model(live: str | None, record: str | None) -> Any:
    from ..testing import RecordingModel, ReplayModel

    if live is None:
        with as_file(files("actlet.demo") / "recording.jsonl") as recording:
            model = ReplayModel(recording, strict=False)
        model.can_stream = True  # in one piece, so that what the model says is shown before what its code does
        return model
    found = find(live)
    return RecordingModel(found, _writable(record)) if record else found


def _writable(record: str) -> Path:
    """The file of a recording, which is there from now on: nobody pays for replies that can't be kept."""
    path = Path(record)
    try:
        path.open("a").close()
    except OSError as error:
        raise CommandError(f"--record can't be written: {error}") from error
    return path
