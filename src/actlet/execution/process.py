"""The reference of how small a box is: a kernel in a plain process of its own, without any isolation.

For tests, and to begin a box of your own from. A snippet in it may do whatever this user may do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

from ..errors import BoxError
from . import kernel
from .protocol import Channel, RemoteBox


class ProcessExecutor(RemoteBox):
    """Runs snippets in a process of its own. `python`: the interpreter, 3.9 or later; this one, unless given."""

    def __init__(self, *args: Any, python: str = sys.executable, **options: Any) -> None:
        super().__init__(*args, **options)
        self.python = python
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self) -> Channel:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                [self.python, "-I", kernel.__file__, str(theirs_in), str(theirs_out)],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        except OSError as error:
            os.close(ours_in)
            os.close(ours_out)
            raise BoxError(f"{self.python!r} can't be started: {error}") from error
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        return Channel(ours_in, ours_out)

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _reason(self) -> str:
        code = None if self._process is None else self._process.wait()
        if code is None:
            return ""
        return (
            f"its process was killed by {signal.Signals(-code).name}"
            if code < 0
            else f"its process exited ({code})"
        )

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), "python": self.python}
