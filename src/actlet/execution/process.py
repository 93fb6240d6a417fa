"""The reference of how small a box is: a kernel in a plain process of its own, without any isolation.

For tests, and to begin a box of your own from. A snippet in it may do whatever this user may do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ..errors import BoxError
from .kernel import ended_with
from .packages import Progress, checked_requirements, on_stderr, site_packages
from .protocol import Channel, PipeChannel, RemoteBox
from .sandbox import folders

HERE = os.path.dirname(os.path.abspath(__file__))

_BEGIN = (
    "import sys; path, (here, folder) = sys.path, sys.argv[1:3]; "
    "at = next((n for n, p in enumerate(path) if p.endswith('-packages')), len(path)); "
    "path[at:at] = [folder] if folder else []; "
    "box = sys.modules['actlet_box'] = type(sys)('actlet_box'); box.__path__ = [here]; "
    "from actlet_box.kernel import start; start(sys.argv[3:])"
)
"""Loads the kernel, from its folder's cache of compiled code, and puts a folder of packages, if there is one, after
the standard library and before what is installed."""


class ProcessExecutor(RemoteBox):
    """Runs snippets in a process of its own. `python`: the interpreter, 3.9 or later; this one, unless given.

    `packages` are requirements ("numpy>=2") that are installed once, before the first start, for all boxes that ask
    for the same; `progress` is told how that goes. Without them a snippet has what is installed for `python`. The
    work folder is a temporary one, and goes with the process.
    """

    def __init__(
        self,
        *args: Any,
        python: str = sys.executable,
        packages: Iterable[str] = (),
        progress: Progress | None = on_stderr,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.python = python
        self.packages, self.progress = checked_requirements(packages), progress
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""

    def _start(self) -> Channel:
        packages = str(site_packages(self.packages, self.python, self.progress)) if self.packages else ""
        self._folder = folders.make()
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            self._process = subprocess.Popen(
                [self.python, "-I", "-c", _BEGIN, HERE, packages, str(theirs_in), str(theirs_out)],
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        except OSError as error:
            os.close(ours_in)
            os.close(ours_out)
            folders.remove(self._folder)
            raise BoxError(f"{self.python!r} can't be started: {error}") from error
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        return PipeChannel(ours_in, ours_out)

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            folders.remove(self._folder)

    def _reason(self) -> str:
        code = None if self._process is None else self._process.wait()
        if code is None:
            return ""
        return f"its process was killed by {signal.Signals(-code).name}" if code < 0 else ended_with(code)

    def _settings(self) -> dict[str, Any]:
        own = {"python": self.python, "packages": self.packages, "progress": self.progress}
        return {**super()._settings(), **own}
