"""The docker box: a kernel in a container of its own.

What a container is allowed is in `settings.py`, what it is made from in `images.py`, how it starts in
`container.py` and `bootstrap.py`. Nothing of the host is mounted, no port is opened, and files come and go by the
kernel's protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from ...errors import BoxError, BoxMissingExtraError
from ..box import Readiness
from ..packages import Progress, checked_requirements, on_stderr
from ..protocol import Channel, RemoteBox
from .container import Container, start_kernel
from .engine import REMEDY, Engine, NoEngineError, describe, engine_at
from .images import DEFAULT_IMAGE, Source, image_of, provide
from .settings import Settings
from .warm import WarmPool, pool_of


class DockerExecutor(RemoteBox):
    """Runs snippets in a container: no network, a read-only root, no capabilities, a user that is nobody, limits.

    `image` is any with Python 3.9 or later; by default the official one of this Python's version, pulled when it is
    missing. `packages` are requirements to install on it, once; `packages_network` is the network for that (None:
    the engine's default). `python` names the image's interpreter. `progress` is told of pulls and installations.

    `memory_mb` (swap included), `cpus`, `max_processes` (with threads), `disk_mb` and `max_files` (of the work
    folder, which is in memory; podman counts no files) limit it. `network` is an engine's network; "none" is none.
    `runtime` names another runtime of the engine, such as "runsc" for gVisor. `environment` is for the snippets: no
    secret belongs there. `warm` containers are kept started ahead, for all boxes of this process that are alike.

    `base_url` is where the engine is ("unix:///run/podman/podman.sock"); without it DOCKER_HOST, CONTAINER_HOST,
    Docker's own setting and podman's usual sockets are tried. Other options: see `RemoteBox`.

    Of smolagents' parameters, `image_name` is `image`, `dockerfile_content` is built once, and
    `container_run_kwargs` may have what doesn't open the machine (`settings.py` lists it). `logger`, `host`, `port`
    and `build_new_image` are accepted and not needed: nothing is logged, no port is opened, and an image is built
    when what it is made of changes. Raises `ValueError` for an option that makes no sense, or isn't safe.
    """

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        logger: object = None,  # noqa: ARG002
        *,
        image: str | None = None,
        packages: Iterable[str] = (),
        packages_network: str | None = None,
        python: str = "python3",
        progress: Progress | None = on_stderr,
        memory_mb: int = 1_024,
        cpus: float = 1.0,
        max_processes: int = 128,
        disk_mb: int = 256,
        max_files: int = 10_000,
        network: str = "none",
        runtime: str | None = None,
        environment: Mapping[str, str] | None = None,
        warm: int = 0,
        base_url: str | None = None,
        image_name: str | None = None,
        dockerfile_content: str | None = None,
        container_run_kwargs: Mapping[str, Any] | None = None,
        host: str | None = None,  # noqa: ARG002
        port: int | None = None,  # noqa: ARG002
        build_new_image: bool = True,  # noqa: ARG002
        allow_pickle: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(additional_authorized_imports, **options)
        if allow_pickle:
            raise ValueError("allow_pickle=True isn't possible: what comes out of a box is never unpickled")
        if type(warm) is not int or warm < 0:
            raise ValueError(f"warm must be how many containers to start ahead; it is {warm!r}")
        extras = dict(container_run_kwargs or {})
        if environment:
            extras["environment"] = dict(environment)
        self.base_url, self.warm, self.progress = base_url, warm, progress
        self.packages = checked_requirements(packages)
        self.settings = Settings(
            python, memory_mb, cpus, max_processes, disk_mb, max_files, network, runtime, extras
        )
        self.source = Source(
            image or image_name or DEFAULT_IMAGE, dockerfile_content, self.packages, python, packages_network
        )
        self._own: dict[str, Any] = {
            "image": self.source.image,
            "packages": self.packages,
            "packages_network": packages_network,
            "python": python,
            "progress": progress,
            "memory_mb": memory_mb,
            "cpus": cpus,
            "max_processes": max_processes,
            "disk_mb": disk_mb,
            "max_files": max_files,
            "network": network,
            "runtime": runtime,
            "warm": warm,
            "base_url": base_url,
            "dockerfile_content": dockerfile_content,
            "container_run_kwargs": extras,
        }
        self._container: Container | None = None
        self._pool: WarmPool | None = None

    @classmethod
    def check(cls) -> Readiness:
        """Whether an engine answers, and what is missing."""
        try:
            engine = engine_at()
        except BoxMissingExtraError as error:
            return Readiness(False, "its SDK isn't installed", str(error))
        except NoEngineError as error:
            return Readiness(False, error.found, REMEDY)
        return Readiness(True, describe(engine))

    def prepare(self) -> None:
        """Pull or build the image, and start the warm containers, now instead of with the first snippet.

        Raises `BoxError`.
        """
        engine = engine_at(self.base_url)
        provide(engine, self.source, self.progress or _unseen)
        if self.warm:
            self._warm_pool(engine).fill()

    def cleanup(self) -> None:
        """End the container. The box may be used again, with a new one."""
        super().cleanup()
        if self._container is not None:
            self._container.wait_gone()

    def _start(self) -> Channel:
        engine = engine_at(self.base_url)
        self._container = self._warm_pool(engine).take() if self.warm else self._maker(engine)()
        return self._container.channel

    def _warm_pool(self, engine: Engine) -> WarmPool:
        key = repr((engine.url, self.source, self.settings))
        self._pool = pool_of(key, self._maker(engine), self.warm)
        return self._pool

    def _maker(self, engine: Engine) -> Callable[[], Container]:
        """What makes a container such as this box's, without keeping the box."""
        return partial(_make, engine, self.source, self.settings, self.progress or _unseen)

    def _kill(self) -> None:
        if self._container is not None:
            self._container.end()

    def _reason(self) -> str:
        return "" if self._container is None else self._container.fate()

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), **self._own}


def _make(engine: Engine, source: Source, settings: Settings, say: Progress) -> Container:
    """A container in which a kernel starts, from an image that is pulled or built first where it has to be.

    Raises `BoxError`.
    """
    from docker.errors import DockerException, ImageNotFound
    from requests.exceptions import RequestException

    try:
        try:
            return start_kernel(engine, image_of(engine, source, say), settings)
        except ImageNotFound:
            return start_kernel(engine, provide(engine, source, say), settings)
    except (DockerException, RequestException) as error:
        raise BoxError(f"the engine at {engine.url} failed: {type(error).__name__}: {error}") from error


def _unseen(line: str) -> None:
    """Progress that nobody wants to see."""
