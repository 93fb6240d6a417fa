"""Running a snippet to its end by hand, with its tools called here, one after another."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from typing import Any

from ..errors import BoxError, InterpreterError
from .box import Answer, Box, BoxCall, CodeOutput, Outcome, Printed, Suspended


def run_by_hand(box: Box, tools: Mapping[str, Any], code: str) -> CodeOutput:
    """What came of a snippet, error or not."""
    inbox: queue.SimpleQueue[Printed | Outcome] = queue.SimpleQueue()
    box.submit(code, inbox.put)
    try:
        while not isinstance(outcome := inbox.get(), CodeOutput):
            if isinstance(outcome, Suspended):
                box.resume(tuple(answered(tools, call) for call in outcome.calls))
    except BaseException:
        box.interrupt()
        raise
    return outcome


def answered(tools: Mapping[str, Any], call: BoxCall) -> Answer:
    """The answer to a call, by calling the tool here."""
    try:
        return Answer(call.id, tools[call.name](**call.arguments))
    except Exception as error:
        return Answer(call.id, error=error)


def raise_failure(output: CodeOutput) -> CodeOutput:
    """The output, if it is none of a failure. Raises `InterpreterError`, or `BoxError` where nothing can run."""
    if output.error is not None and output.error.fatal:
        raise BoxError(output.error.message)
    if output.error is not None:
        where = "" if output.error.line is None else f" at line {output.error.line}"
        raise InterpreterError(f"Code execution failed{where} due to: {output.error.type}: {output.error.message}")
    return output
