"""What the tests of the local box share: plain tools, and a reader of what a box delivers."""

import inspect
import queue
from typing import Any

from actlet.execution.box import Answer, CodeOutput, Printed, Suspended
from actlet.execution.local import LocalPythonExecutor


class FunctionTool:
    """A function as a tool, with what a box uses of one."""

    answers_directly = False

    def __init__(self, function) -> None:
        self.name, self.function = function.__name__, function
        self.description = function.__doc__
        self.signature = inspect.signature(function)

    def bind(self, args, kwargs) -> dict[str, Any]:
        return dict(self.signature.bind(*args, **kwargs).arguments)

    def __call__(self, **arguments):
        return self.function(**arguments)


class FinalAnswer(FunctionTool):
    answers_directly = True

    def __init__(self) -> None:
        def final_answer(answer):
            """Ends the run."""
            return answer

        super().__init__(final_answer)


def box_with(*functions, **settings) -> LocalPythonExecutor:
    """A box that offers these functions as tools, and a final answer."""
    box = LocalPythonExecutor(**settings)
    tools = [FunctionTool(function) for function in functions]
    box.send_tools({tool.name: tool for tool in tools} | {"final_answer": FinalAnswer()})
    return box


class Reader:
    """Reads what a box delivers, in order."""

    def __init__(self, box: LocalPythonExecutor, code: str) -> None:
        self.box, self.inbox = box, queue.SimpleQueue()
        box.submit(code, self.inbox.put)

    def next(self, timeout: float = 10):
        return self.inbox.get(timeout=timeout)

    def suspended(self) -> Suspended:
        event = self.next()
        while isinstance(event, Printed):
            event = self.next()
        assert isinstance(event, Suspended), event
        return event

    def output(self) -> CodeOutput:
        event = self.next()
        while isinstance(event, Printed):
            event = self.next()
        assert isinstance(event, CodeOutput), event
        return event

    def answer(self, *values) -> None:
        calls = self.pending.calls
        self.box.resume(tuple(Answer(call.id, value) for call, value in zip(calls, values, strict=True)))

    @property
    def pending(self) -> Suspended:
        return self._pending

    def wait(self) -> tuple:
        self._pending = self.suspended()
        return self._pending.calls
