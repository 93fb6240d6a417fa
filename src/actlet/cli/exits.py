"""How a command ends: its exit code, and the one line that says why."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `actlet`."""

    ANSWERED = 0
    FAILED = 1
    USAGE = 2
    OUT_OF_STEPS = 3
    NO_MODEL = 4
    INTERRUPTED = 130


EXIT_CODES = """\
exit codes:
  0    answered (doctor: the essentials work)
  1    the run failed: the model, a tool or the box; or stdout could not be written or was closed
       (doctor: something essential is missing, or the model of --model)
  2    the command was not understood: an option, a tool or a file that doesn't exist
  3    the steps ran out; what is printed is the model's best answer so far, and unchecked
  4    no model was found
  130  stopped by Ctrl-C
"""


class CommandError(Exception):
    """The command can't go on: why, and with which exit code it ends."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code
