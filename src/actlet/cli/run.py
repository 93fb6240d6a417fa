"""`actlet run`: one task, one answer. The answer goes to stdout (what isn't text, as JSON), all else to stderr."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..errors import ActletError, AgentGenerationError
from ..memory.steps import jsonable
from .building import build_agent
from .exits import CommandError, Exit, UnansweredError
from .named import named_type, variables
from .reaching import unanswered
from .saying import say


def run(options: Namespace) -> Exit:
    """Carry out the task of the options."""
    task, given = _task(options.task), variables(options.var, options.file)
    typed = {} if options.output_type is None else {"output_type": named_type(options.output_type)}
    try:
        agent = build_agent(options, **typed)
    except UnansweredError as error:
        _report(options, _failed([], error))
        raise
    try:
        result = agent.run(
            task, images=_images(options.image), additional_args=given or None, return_full_result=True
        )
    except KeyboardInterrupt:
        say(f"actlet: stopped after {_steps(agent)}")
        return Exit.INTERRUPTED
    except ActletError as error:
        _report(options, _failed(agent.memory.get_full_steps(), error))
        problem = unanswered(agent.model) if isinstance(error, AgentGenerationError) else None
        if problem:
            say(f"actlet: {problem}")
        return Exit.FAILED
    _report(options, result.dict(), result.output)
    return Exit.ANSWERED if result.success else _out_of_steps(options)


def _task(text: str) -> str:
    task = (sys.stdin.read() if text == "-" else text).strip()
    if not task:
        raise CommandError("the task is empty: say what to do, as in: actlet run 'How many ...?'")
    return task


def _images(paths: list[str]) -> list[Any] | None:
    from ..media import AgentImage

    for path in paths:
        if not Path(path).is_file():
            raise CommandError(f"there is no image {path!r}")
    return [AgentImage(path) for path in paths] or None


def _failed(steps: list[Any], error: Exception) -> dict[str, Any]:
    from ..runs.result import RunResult

    result = RunResult(state="error", steps=steps)
    return result.dict() | {"error": {"type": type(error).__name__, "message": str(error)}}


def _report(options: Namespace, result: dict[str, Any], answer: Any = None) -> None:
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    elif result["state"] != "error":
        print(answer_text(answer))


def answer_text(answer: Any) -> str:
    """An answer as it is printed: text as it is, anything else as JSON."""
    return str(answer) if isinstance(answer, str) else json.dumps(jsonable(answer), ensure_ascii=False)


def _out_of_steps(options: Namespace) -> Exit:
    say(f"actlet: {options.max_steps} steps weren't enough; the answer is the model's best so far, unchecked")
    return Exit.OUT_OF_STEPS


def _steps(agent: Any) -> str:
    from ..memory import ActionStep

    done = sum(isinstance(step, ActionStep) for step in agent.memory.steps)
    return f"{done} step" if done == 1 else f"{done} steps"
