"""`PythonInterpreterTool`: Python for agents that call tools instead of writing code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..tools import Tool


class PythonInterpreterTool(Tool):
    """Runs a snippet in a local box of its own, fresh for each call.

    `authorized_imports` are added to the modules that snippets may always import; `timeout_seconds` limits the
    snippet's time (None: no limit).
    """

    name = "python_interpreter"
    inputs = {"code": {"type": "string", "description": "the code; variables aren't kept for the next call"}}
    output_type = "string"

    def __init__(
        self,
        *args: Any,
        authorized_imports: Iterable[str] | None = None,
        timeout_seconds: float | None = 30,
        **kwargs: Any,
    ) -> None:
        from ..execution import BASE_BUILTIN_MODULES

        super().__init__(*args, **kwargs)
        self.authorized_imports = sorted({*BASE_BUILTIN_MODULES, *(authorized_imports or ())})
        self.timeout_seconds = timeout_seconds
        allowed = "any module" if "*" in self.authorized_imports else ", ".join(self.authorized_imports)
        self.description = (
            "Runs Python code and returns what it prints and the value of its last line. "
            f"The code may import {allowed}."
        )

    def forward(self, code: str) -> str:
        """What the code printed, and its value. Raises `InterpreterError`, with what was printed, when it fails."""
        from ..errors import InterpreterError
        from ..execution.local import LocalPythonExecutor

        box = LocalPythonExecutor(self.authorized_imports, timeout_seconds=self.timeout_seconds)
        try:
            outcome = box.run(code)
        finally:
            box.cleanup()
        if outcome.error is not None:
            raise InterpreterError(
                f"{outcome.error}\nStdout:\n{outcome.logs}" if outcome.logs else str(outcome.error)
            )
        return f"Stdout:\n{outcome.logs}\nOutput: {outcome.output}"
