"""The box `e2b`: a sandbox of E2B's, a small virtual machine, through their SDK.

Output comes as text, so frames travel as base64 lines. A sandbox is had for `lease` seconds at a time, renewed
while the box lives, up to `timeout` in all: when the host dies, it ends soon after.
"""

# ruff: noqa: D102  what the methods of a rented sandbox do is said in rented.py

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

from ...threads import Alarm
from .box import CloudBox, required_key
from .rented import CommandFailed, Rented, Say, Tail, ended_with
from .running import Terms

FILE_SECONDS = 1800
"""Seconds that a file may take to get there or back."""


class E2BExecutor(CloudBox):
    """Runs snippets in a sandbox of E2B's. Needs the `e2b` extra, and a key.

    `template`: what the sandbox starts from; it has to have Python 3.9 or later as `python3`. `timeout`: seconds
    that a sandbox may live; E2B allows an hour, and a day on its Pro plan. `lease`: seconds that it outlives a host
    that has died. `api_key`: E2B_API_KEY unless given. `create_kwargs` go to `e2b.Sandbox.create`: `envs` and more;
    `allow_internet_access=False` closes the network, which is open otherwise.
    """

    service, extra, variables = "E2B", "e2b", ("E2B_API_KEY",)

    def __init__(
        self,
        *args: Any,
        template: str = "code-interpreter-v1",
        timeout: int = 3600,
        lease: int = 300,
        api_key: str | None = None,
        create_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        if min(timeout, lease) < 1:
            raise ValueError(f"timeout and lease are in seconds, 1 or more; they are {timeout!r} and {lease!r}")
        self.template, self.timeout, self.lease = template, timeout, lease
        self.create_kwargs = dict(create_kwargs or {})
        self._api_key = required_key(api_key, "E2B_API_KEY", self.service)

    def _rent(self) -> Rented:
        from e2b import Sandbox

        begins_with = min(self.lease, self.timeout)
        sandbox = Sandbox.create(self.template, begins_with, api_key=self._api_key, **self.create_kwargs)
        return E2BSandbox(sandbox, self.timeout, self.lease)

    def _terms(self) -> Terms:
        longer = "pass timeout=... for more (E2B allows 3600 s, and 86400 s on its Pro plan)"
        return Terms(self.service, self.timeout, longer)

    def _settings(self) -> dict[str, Any]:
        own = {"template": self.template, "timeout": self.timeout, "lease": self.lease}
        return {**super()._settings(), **own, "api_key": self._api_key, "create_kwargs": self.create_kwargs}


class E2BSandbox(Rented):
    """A sandbox of E2B's, which is kept alive until it is given back or has had its time."""

    def __init__(self, sandbox: Any, timeout: int, lease: int) -> None:
        super().__init__()
        self._sandbox, self._lease = sandbox, lease
        self.name = sandbox.sandbox_id
        self._ends_at = time.monotonic() + timeout
        self._process: Any = None
        self._given_back = False
        self._await_renewal()

    def _await_renewal(self) -> None:
        self._renewal = Alarm(self._lease / 3, lambda: Thread(target=self._renew, daemon=True).start())

    def _renew(self) -> None:
        """Have the sandbox live for another lease."""
        left = self._ends_at - time.monotonic()
        if self._given_back or left < self._lease / 3:
            return
        with suppress(Exception):  # the next try may succeed; if none does, the sandbox ends, which `listen` tells
            self._sandbox.set_timeout(round(min(self._lease, left)))
        self._await_renewal()

    def put(self, path: str, data: bytes) -> None:
        self._sandbox.files.write(path, data, request_timeout=FILE_SECONDS)

    def get(self, path: str) -> bytes:
        return bytes(self._sandbox.files.read(path, format="bytes", request_timeout=FILE_SECONDS))

    def install(self, packages: Sequence[str], say: Say) -> None:
        from e2b import CommandExitException

        try:
            self._sandbox.commands.run(self.pip_command(packages), on_stdout=say, on_stderr=say, timeout=0)
        except CommandExitException as error:
            raise CommandFailed((error.stderr or error.stdout or str(error)).strip()[-2000:]) from error

    def start_kernel(self) -> None:
        how: dict[str, Any] = {"background": True, "stdin": True, "timeout": 0, "retain_output": False}
        self._process = self._sandbox.commands.run(self.kernel_command(), **how)

    def write(self, data: bytes) -> None:
        self._process.send_stdin(data)

    def listen(self, hear: Callable[[bytes], None]) -> str:
        from e2b import CommandExitException

        printed = Tail()
        try:
            self._process.wait(on_stdout=lambda text: hear(text.encode()), on_stderr=printed)
        except CommandExitException as error:
            return ended_with(error.exit_code, printed.text or error.error or "")
        return ended_with(0, printed.text)

    def has_ended(self) -> bool:
        return not self._sandbox.is_running(request_timeout=10)

    def give_back(self) -> None:
        self._given_back = True
        self._renewal.cancel()
        self._sandbox.kill(request_timeout=20)
