"""Container engines: finding one, the containers that this process has in it, the sweep when it is first used.

The rule: one connection pool for each engine and process. A container that nobody ended is removed when its owner
is collected (by a thread, because a finalizer may run in the middle of anything) and when the process exits.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import BoxError, BoxMissingExtraError
from .owner import sweep

PODMAN_SOCKETS = ("{XDG_RUNTIME_DIR}/podman/podman.sock", "/run/podman/podman.sock")

REMEDY = (
    "start Docker, or podman's service (systemctl --user start podman.socket), or say where one is by base_url=, "
    "DOCKER_HOST or CONTAINER_HOST"
)

REMOVING_SECONDS = 5.0
"""Seconds that the engine has to remove a container that ended by itself."""


class Engine:
    """An engine that answers. `api` is the SDK's own client for it, `url` how it was reached, `kind` "Podman", or
    "Docker" for all others."""

    def __init__(self, api: Any, url: str) -> None:
        self.api, self.url = api, url
        self.kind, self.version = _kind(api.version())
        self.images: dict[object, str] = {}
        self.providing = threading.Lock()
        self._pid = os.getpid()
        self._alive: set[str] = set()
        self._doomed: queue.SimpleQueue[str] = queue.SimpleQueue()
        sweep(api)
        threading.Thread(target=self._remove_doomed, name="actlet-docker-janitor", daemon=True).start()
        atexit.register(self._remove_all)

    def own(self, container: str) -> None:
        """This process has this container from now on."""
        self._alive.add(container)

    def remove(self, container: str) -> None:
        """Kill and remove a container, if it still is there; one that the engine is removing is waited for."""
        from docker.errors import APIError, NotFound
        from requests.exceptions import RequestException

        if self._pid == os.getpid() and container in self._alive:
            self._alive.discard(container)
            with suppress(APIError, RequestException):  # it is gone, or the engine has ended
                try:
                    self.api.remove_container(container, v=True, force=True)
                except NotFound:
                    return
                except APIError:
                    self._wait_removed(container)

    def _wait_removed(self, container: str) -> None:
        """Until a container that has ended, and is being removed, is gone. Raises `docker.errors.NotFound` then."""
        end = time.monotonic() + REMOVING_SECONDS
        while time.monotonic() < end:
            self.api.inspect_container(container)
            time.sleep(0.02)

    def doom(self, container: str) -> None:
        """Have a container removed by a thread. May be called from anywhere, also from a finalizer."""
        self._doomed.put(container)

    def _remove_doomed(self) -> None:
        while True:
            self.remove(self._doomed.get())

    def _remove_all(self) -> None:
        for container in tuple(self._alive):
            self.remove(container)


def _kind(version: dict[str, Any]) -> tuple[str, str]:
    """What an engine calls itself ("Docker", "Podman"), and its version."""
    names = [part.get("Name", "") for part in version.get("Components") or ()]
    return "Podman" if "Podman Engine" in names else "Docker", version.get("Version", "")


def describe(engine: Engine) -> str:
    """The engine in one line: what it is, where, and how it keeps containers in."""
    info = engine.api.info()
    names = [part.partition("name=")[2].partition(",")[0] for part in info.get("SecurityOptions") or ()]
    limited = "" if info.get("MemoryLimit") and info.get("PidsLimit") else "; it can't limit memory and processes"
    return f"{engine.kind} {engine.version} at {engine.url}, security: {', '.join(names) or 'none'}{limited}"


class NoEngineError(BoxError):
    """No engine answers; `found` says which were tried, and what came of it."""

    def __init__(self, tried: str) -> None:
        self.found = f"no container engine answers ({tried})"
        super().__init__(f"{self.found}: {REMEDY}; `actlet doctor` tells what is found")


_engines: dict[tuple[int, str], Engine] = {}
_connecting = threading.Lock()


def engine_at(base_url: str | None = None) -> Engine:
    """The engine at a URL, or the one that this machine's settings name. Raises `BoxError` if none answers."""
    key = os.getpid(), base_url or _named_by_environment()
    with _connecting:
        if key not in _engines:
            _engines[key] = _connect(base_url)
        return _engines[key]


def _named_by_environment() -> str:
    return os.environ.get("DOCKER_HOST") or os.environ.get("CONTAINER_HOST") or ""


def _connect(base_url: str | None) -> Engine:
    try:
        from docker.errors import DockerException

        import docker
    except ImportError as error:
        raise BoxMissingExtraError("the docker box", "docker") from error
    failures = []
    for url, options in _candidates(base_url):
        try:
            api = docker.APIClient(**options, version="auto") if options else docker.from_env(version="auto").api
            return Engine(api, url or api.base_url)
        except DockerException as error:
            failures.append(f"{url or 'the default one'}: {str(error)[:300]}")
    raise NoEngineError("; ".join(failures))


def _candidates(base_url: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where an engine may be, with the SDK's options; none for what the SDK finds by itself."""
    from docker.utils import kwargs_from_env

    url = base_url or _named_by_environment()
    if url:
        yield url, {**kwargs_from_env(), "base_url": url}
        return
    yield "", {}
    for pattern in PODMAN_SOCKETS:
        path = pattern.format(XDG_RUNTIME_DIR=os.environ.get("XDG_RUNTIME_DIR", "/nowhere"))
        if Path(path).exists():
            yield f"unix://{path}", {"base_url": f"unix://{path}"}
