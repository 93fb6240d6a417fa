"""The box `blaxel`: a sandbox of Blaxel's, a small virtual machine, through their SDK.

The kernel runs in a request of its own that streams what it prints, which also keeps the sandbox awake; its input
are requests too. When the host dies the sandbox falls asleep, and is deleted when its time is up.
"""

# ruff: noqa: D102  what the methods of a rented sandbox do is said in rented.py

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from .box import CloudBox
from .rented import CommandFailed, Rented, Say, Tail, ended_with
from .running import Terms

KERNEL = "actlet-kernel"
ENDED = {"DEACTIVATED", "DELETING", "FAILED", "TERMINATED"}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class BlaxelExecutor(CloudBox):
    """Runs snippets in a sandbox of Blaxel's. Needs the `blaxel` extra, and a key with its workspace.

    `sandbox_name`: what the names of the sandboxes begin with. `image`: has to have Python 3.9 or later as
    `python3`. `memory`: in MB. `ttl`: how long a sandbox may live, "5m" or more; None for ever. `region`: BL_REGION
    unless given. `api_key`, `workspace`: BL_API_KEY and BL_WORKSPACE, or what `bl login` left, unless given; their
    SDK has one login for the whole process. `create_kwargs`: more of what Blaxel makes sandboxes with, such as
    `network`, which is open otherwise.
    """

    service, extra, variables = "Blaxel", "blaxel", ("BL_API_KEY", "BL_WORKSPACE")
    login_file = "~/.blaxel/config.yaml"

    def __init__(
        self,
        *args: Any,
        sandbox_name: str = "actlet-executor",
        image: str = "blaxel/py-app:latest",
        memory: int = 4096,
        ttl: str | None = "24h",
        region: str | None = None,
        api_key: str | None = None,
        workspace: str | None = None,
        create_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        if ttl is not None and not re.fullmatch(r"\d+[smhdw]", ttl):
            raise ValueError(f"ttl is a number with s, m, h, d or w, such as '30m'; it is {ttl!r}")
        self.sandbox_name, self.image, self.memory = sandbox_name, image, memory
        self.ttl, self.region, self.create_kwargs = ttl, region, dict(create_kwargs or {})
        self._api_key, self._workspace = api_key, workspace

    def _rent(self) -> Rented:
        from blaxel.core import SyncSandboxInstance

        log_in(self._api_key, self._workspace)
        wanted = {"image": self.image, "memory": self.memory, "ttl": self.ttl, "region": self.region}
        name = f"{self.sandbox_name}-{uuid4().hex[:8]}"
        return BlaxelSandbox(SyncSandboxInstance.create({"name": name, **wanted, **self.create_kwargs}))

    def _terms(self) -> Terms:
        limit = None if self.ttl is None else int(self.ttl[:-1]) * UNITS[self.ttl[-1]]
        return Terms(self.service, limit, "pass ttl=... for more")

    def _settings(self) -> dict[str, Any]:
        own = {"sandbox_name": self.sandbox_name, "image": self.image, "memory": self.memory, "ttl": self.ttl}
        login = {"region": self.region, "api_key": self._api_key, "workspace": self._workspace}
        return {**super()._settings(), **own, **login, "create_kwargs": self.create_kwargs}


def log_in(api_key: str | None, workspace: str | None) -> None:
    """Have Blaxel's SDK use this login. Without one it uses its own, which it reads when it is first imported."""
    from blaxel.core.authentication import CredentialsType
    from blaxel.core.authentication.apikey import ApiKey
    from blaxel.core.client.client import client
    from blaxel.core.common.settings import settings

    key, space = api_key or os.environ.get("BL_API_KEY"), workspace or os.environ.get("BL_WORKSPACE")
    if key and space:
        settings.auth = ApiKey(CredentialsType(api_key=key, workspace=space), space, settings.base_url)
        client.with_auth(settings.auth)


class BlaxelSandbox(Rented):
    """A sandbox of Blaxel's."""

    def __init__(self, sandbox: Any) -> None:
        super().__init__()
        self._sandbox = sandbox
        self.name = sandbox.metadata.name
        self._input: Any = None

    def put(self, path: str, data: bytes) -> None:
        self._sandbox.fs.write_binary(path, data)

    def get(self, path: str) -> bytes:
        data: bytes = self._sandbox.fs.read_binary(path)
        return data

    def install(self, packages: Sequence[str], say: Say) -> None:
        command = {"command": self.pip_command(packages), "wait_for_completion": True, "on_log": say}
        ended = self._sandbox.process.exec(command)
        if ended.exit_code:
            raise CommandFailed(str(ended.logs).strip()[-2000:])

    def start_kernel(self) -> None:
        """It starts when it is listened to. Here, one connection for all writes, instead of one for each."""
        self._input = self._sandbox.process.get_api_client()

    def write(self, data: bytes) -> None:
        from blaxel.core.sandbox.client.api.process import post_process_identifier_stdin as stdin
        from blaxel.core.sandbox.client.models import SuccessResponse
        from blaxel.core.sandbox.types import api_result

        body: Any = data  # bytes are sent as they are, whatever its type says
        api_result(stdin.sync_detailed(KERNEL, client=self._input, body=body), SuccessResponse)

    def listen(self, hear: Callable[[bytes], None]) -> str:
        printed = Tail()
        command = {"name": KERNEL, "command": self.kernel_command(), "stdin": True, "timeout": 0}
        heard = {"on_stdout": lambda text: hear(text.encode()), "on_stderr": printed}
        ended = self._sandbox.process.exec({**command, **heard, "wait_for_completion": True})
        if self.has_ended():
            raise ConnectionError("its output ended")
        return ended_with(ended.exit_code, printed.text)

    def has_ended(self) -> bool:
        from blaxel.core import SandboxAPIError, SyncSandboxInstance

        try:
            return SyncSandboxInstance.get(self.name).status in ENDED
        except SandboxAPIError as error:
            if error.status_code == 404:
                return True
            raise

    def give_back(self) -> None:
        from blaxel.core import SandboxAPIError, SyncSandboxInstance

        sandboxes: Any = SyncSandboxInstance
        try:
            sandboxes.delete(self.name)
        except SandboxAPIError as error:
            if error.status_code != 404:
                raise
