"""The box `modal`: a sandbox of Modal's, a gVisor container, through their SDK.

Packages are a layer of the image, which Modal builds once and keeps. A dropped connection is taken up again by the
SDK where it broke off.
"""

# ruff: noqa: D102  what the methods of a rented sandbox do is said in rented.py

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ...errors import BoxError
from .box import CloudBox
from .rented import Rented, Say, ended_with
from .running import Terms


class ModalExecutor(CloudBox):
    """Runs snippets in a sandbox of Modal's. Needs the `modal` extra, and a login.

    `app_name`: the app that the sandboxes belong to; made if it isn't there. `image`: a `modal.Image` with Python
    3.9 or later as `python3`; Debian's, unless given. `timeout`: seconds that a sandbox may live, a day at most.
    `token_id`, `token_secret`: MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or what `modal token new` left, unless given.
    `create_kwargs` go to `modal.Sandbox.create`: `cpu`, `memory`, `region`, `gpu` and so on; `block_network=True`
    closes the network, which is open otherwise.
    """

    service, extra, variables = "Modal", "modal", ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")
    login_file = "~/.modal.toml"

    def __init__(
        self,
        *args: Any,
        app_name: str = "actlet-executor",
        image: Any = None,
        timeout: int = 900,
        token_id: str | None = None,
        token_secret: str | None = None,
        create_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        if not 1 <= timeout <= 86_400:
            raise ValueError(f"timeout is in seconds, from 1 to 86400 (a day); it is {timeout!r}")
        if (token_id is None) != (token_secret is None):
            raise ValueError("token_id and token_secret are a pair: pass both, or neither")
        self.app_name, self.image, self.timeout = app_name, image, timeout
        self.create_kwargs = dict(create_kwargs or {})
        self._token_id, self._token_secret = token_id, token_secret

    def _rent(self) -> Rented:
        import modal

        try:
            client = self._client(modal)
            app = modal.App.lookup(self.app_name, create_if_missing=True, client=client)
        except modal.exception.AuthError as error:
            remedy = "set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or run `modal token new`"
            raise BoxError(f"Modal didn't let us in: {remedy} ({error})") from error
        options = {"image": self.image, "timeout": self.timeout, **self.create_kwargs}
        image = options["image"] or modal.Image.debian_slim()
        options["image"] = image.pip_install(*self.packages) if self.packages else image
        return ModalSandbox(modal.Sandbox.create(app=app, client=client, **options))

    def _client(self, modal: Any) -> Any:
        if self._token_id is None or self._token_secret is None:
            return modal.Client.from_env()
        return client_of(self._token_id, self._token_secret)

    def _terms(self) -> Terms:
        longer = "pass timeout=... for more (Modal allows 86400 s)"
        return Terms(self.service, self.create_kwargs.get("timeout", self.timeout), longer)

    def _settings(self) -> dict[str, Any]:
        own = {"app_name": self.app_name, "image": self.image, "timeout": self.timeout}
        login = {"token_id": self._token_id, "token_secret": self._token_secret}
        return {**super()._settings(), **own, **login, "create_kwargs": self.create_kwargs}


@lru_cache
def client_of(token_id: str, token_secret: str) -> Any:
    """The client with this login: one for all boxes, with one connection."""
    import modal

    return modal.Client.from_credentials(token_id, token_secret)


class ModalSandbox(Rented):
    """A sandbox of Modal's."""

    way = "stdio"

    def __init__(self, sandbox: Any) -> None:
        super().__init__()
        self._sandbox = sandbox
        self.name = sandbox.object_id
        self._process: Any = None

    def put(self, path: str, data: bytes) -> None:
        self._sandbox.filesystem.write_bytes(data, path)

    def get(self, path: str) -> bytes:
        data: bytes = self._sandbox.filesystem.read_bytes(path)
        return data

    def install(self, packages: Sequence[str], say: Say) -> None:
        """Nothing: the image has them."""

    def start_kernel(self) -> None:
        self._process = self._sandbox.exec("sh", "-c", self.kernel_command(), text=False)

    def write(self, data: bytes) -> None:
        self._process.stdin.write(data)
        self._process.stdin.drain()

    def listen(self, hear: Callable[[bytes], None]) -> str:
        for data in self._process.stdout:
            hear(data)
        if self.has_ended():
            raise ConnectionError("its output ended")
        code = self._process.wait()
        return ended_with(code, self._process.stderr.read().decode("utf-8", "replace"))

    def has_ended(self) -> bool:
        return self._sandbox.poll() is not None

    def give_back(self) -> None:
        self._sandbox.terminate()
        self._sandbox.detach()
