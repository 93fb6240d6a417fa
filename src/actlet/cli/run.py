"""`actlet run`: one task, one answer. The answer goes to stdout (what isn't text, as JSON), all else to stderr."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..errors import ActletError, AgentGenerationError, MissingExtraError
from ..memory.steps import jsonable
from .building import build_agent
from .exits import CommandError, Exit
from .named import named_type, variables
from .reaching import unanswered
from .streams import as_json, give, say


def run(options: Namespace) -> Exit:
    """Carry out the task of the options."""
    task, given = _task(options.task), variables(options.var, options.file)
    typed = {} if options.output_type is None else {"output_type": named_type(options.output_type)}
    images = [_image(path) for path in options.image]
    try:
        agent = build_agent(options, **typed)
    except CommandError as error:
        if error.code is Exit.FAILED:
            _report_failure(options, [], error)
        raise
    try:
        result = agent.run(task, images=images or None, additional_args=given or None, return_full_result=True)
    except KeyboardInterrupt as error:
        stopped = f"stopped after {_steps(agent)}"
        say(f"actlet: {stopped}")
        _report_failure(options, agent.memory.get_full_steps(), error, stopped)
        return Exit.INTERRUPTED
    except SystemExit as error:  # by a tool
        _report_failure(options, agent.memory.get_full_steps(), error)
        raise
    except ActletError as error:
        _report_failure(options, agent.memory.get_full_steps(), error)
        problem = unanswered(agent.model) if isinstance(error, AgentGenerationError) else None
        if problem:
            say(f"actlet: {problem}")
        return Exit.FAILED
    give(as_json(result.dict()) if options.json else answer_text(result.output))
    return Exit.ANSWERED if result.success else out_of_steps(options)


def _task(text: str) -> str:
    task = (sys.stdin.read() if text == "-" else text).strip()
    if not task:
        raise CommandError("the task is empty: say what to do, as in: actlet run 'How many ...?'")
    return task


def _image(path: str) -> Any:
    from ..media import AgentImage

    if not Path(path).is_file():
        raise CommandError(f"there is no image {path!r}")
    try:
        return AgentImage(path)
    except MissingExtraError as error:
        raise CommandError(str(error)) from error
    except Exception as error:  # a decoder of Pillow's raises what it likes at a file that is broken
        raise CommandError(f"{path!r} could not be read as an image: {error}") from error


def _report_failure(options: Namespace, steps: list[Any], error: BaseException, message: str = "") -> None:
    """With --json, tell a failure as the object that is waited for. Others have told it on stderr."""
    from ..runs.result import RunResult

    if options.json:
        told = {"type": type(error).__name__, "message": message or str(error)}
        give(as_json(RunResult(state="error", steps=steps).dict() | {"error": told}))


def answer_text(answer: Any) -> str:
    """An answer as it is printed: text as it is, anything else as JSON."""
    return str(answer) if isinstance(answer, str) else as_json(jsonable(answer))


def out_of_steps(options: Namespace) -> Exit:
    """Say that the answer is none that the model stands by."""
    say(f"actlet: {options.max_steps} steps weren't enough; the answer is the model's best so far, unchecked")
    return Exit.OUT_OF_STEPS


def _steps(agent: Any) -> str:
    from ..memory import ActionStep

    done = sum(isinstance(step, ActionStep) for step in agent.memory.steps)
    return f"{done} step" if done == 1 else f"{done} steps"
