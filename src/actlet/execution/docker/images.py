"""Images: the one that a box's containers are made from, pulled or built when the engine hasn't got it.

Packages are installed once, in a container that has a network for that alone and nothing of a box's, and kept as an
image of their own, named by what went into it. What an installer needs to know of this machine (an index, a proxy)
is told to it alone, and isn't kept in the image.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import BoxError
from ..packages import Progress
from . import container
from .engine import Engine
from .owner import MARK, OWNER, labels
from .settings import process_limits

DEFAULT_IMAGE = "python:{}.{}-slim".format(*sys.version_info)
"""The Python that this process runs on, so that snippets find the same one in a container."""

TOLD_TO_PIP = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "HTTP_PROXY",
               "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")  # fmt: skip
"""What of this process's environment an installer is told."""

PIP = {"PIP_NO_CACHE_DIR": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_BREAK_SYSTEM_PACKAGES": "1",
       "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_PROGRESS_BAR": "off", "HOME": "/tmp"}  # fmt: skip

WAIT = "import sys; sys.stdin.buffer.read()"
"""What the container runs in which packages are installed: it ends when this process does."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a box's image is made of: an image (or a Dockerfile's text), and sorted packages on top, installed with
    `network` (None: the engine's default one)."""

    image: str
    dockerfile: str | None = None
    packages: tuple[str, ...] = ()
    python: str = "python3"
    network: str | None = None


def image_of(engine: Engine, source: Source, say: Progress) -> str:
    """The name of the image. A plain one is not asked for: who makes a container finds out that it isn't there, and
    calls `provide`."""
    if source in engine.images:
        return engine.images[source]
    if source.dockerfile is None and not source.packages:
        return source.image
    return provide(engine, source, say)


def provide(engine: Engine, source: Source, say: Progress) -> str:
    """Pull or build what is missing of an image, once for all who ask; its name. Raises `BoxError`."""
    with engine.providing:
        name = engine.images[source] = _provided(engine, source, say)
    return name


def _provided(engine: Engine, source: Source, say: Progress) -> str:
    name = source.image if source.dockerfile is None else _built(engine, source, source.dockerfile, say)
    found = _inspect(engine.api, name)
    if found is None:
        _pull(engine.api, name, say)
        found = _inspect(engine.api, name) or {}
    if source.packages:
        name = _with_packages(engine, name, found["Id"], source, say)
    return name


def _inspect(api: Any, name: str) -> dict[str, Any] | None:
    from docker.errors import ImageNotFound

    try:
        found: dict[str, Any] = api.inspect_image(name)
        return found
    except ImageNotFound:
        return None


def _pull(api: Any, name: str, say: Progress) -> None:
    from docker.errors import APIError

    remedy = "pull or build it, or name another one by image="
    say(f"pulling the image {name}")
    try:
        for event in api.pull(name, stream=True, decode=True):
            if "error" in event:
                raise BoxError(f"the image {name!r} can't be pulled: {event['error']}. {remedy}")
            if event.get("status") == "Pull complete":
                say(f"pulled {event.get('id', '')} of {name}")
    except APIError as error:
        said = error.explanation or error
        raise BoxError(f"the image {name!r} isn't here, and can't be pulled: {said}. {remedy}") from error


def _built(engine: Engine, source: Source, dockerfile: str, say: Progress) -> str:
    from docker.errors import APIError

    name = f"{MARK}/dockerfile:{_hash(dockerfile)}"
    if _inspect(engine.api, name) is not None:
        return name
    say(f"building the image {name}")
    text = io.BytesIO(dockerfile.encode())
    options = {"tag": name, "rm": True, "forcerm": True, "decode": True, "labels": {MARK: "1"}}
    try:
        for event in engine.api.build(fileobj=text, network_mode=source.network, **options):
            if "error" in event:
                raise BoxError(f"dockerfile_content can't be built: {event['error']}")
            for line in _lines(event.get("stream", "")):
                say(line)
    except APIError as error:
        raise BoxError(f"dockerfile_content can't be built: {error.explanation or error}") from error
    return name


def _with_packages(engine: Engine, base: str, base_id: str, source: Source, say: Progress) -> str:
    """The image with the packages on top, which is named by both."""
    tag = _hash(json.dumps([base_id, source.packages, source.python]))
    name = f"{MARK}/packages:{tag}"
    if _inspect(engine.api, name) is None:
        say(f"installing {', '.join(source.packages)} on {base}")
        worker = container.start(engine, _installer(engine.api, base, source), 0)
        try:
            _install(engine.api, worker.id, source, say)
            about = [f"LABEL {MARK}.packages={json.dumps(' '.join(source.packages))}", f'LABEL {OWNER}=""']
            engine.api.commit(worker.id, repository=f"{MARK}/packages", tag=tag, changes=about)
        finally:
            worker.end()
    return name


def _installer(api: Any, base: str, source: Source) -> dict[str, Any]:
    """A container to install packages in: as root of its own files, with a network."""
    host = api.create_host_config(
        network_mode=source.network,
        cap_drop=["ALL"],
        cap_add=["CHOWN", "DAC_OVERRIDE", "FOWNER"],
        security_opt=["no-new-privileges"],
        pids_limit=1024,
        ulimits=process_limits(1024),
        init=True,
        auto_remove=True,
    )
    config: dict[str, Any] = api.create_container_config(
        base, ["-I", "-c", WAIT], entrypoint=[source.python], user="0:0", stdin_open=True, labels=labels(),
        host_config=host,
    )  # fmt: skip
    config["StdinOnce"] = True
    return config


def _install(api: Any, number: str, source: Source, say: Progress) -> None:
    pip = [source.python, "-m", "pip"]
    if _run(api, number, [*pip, "--version"], lambda _: None):
        failed = _run(api, number, [source.python, "-m", "ensurepip"], lambda _: None)
        if failed:
            raise BoxError(f"the image {source.image!r} has no pip to install packages with: use one that has")
    said: deque[str] = deque(maxlen=15)

    def hear(line: str) -> None:
        said.append(line)
        say(line)

    if _run(api, number, [*pip, "install", "--", *source.packages], hear):
        raise BoxError("packages can't be installed in the image:\n" + "\n".join(said))


def _run(api: Any, number: str, command: list[str], hear: Progress) -> int:
    """Run a command in a container; its exit code."""
    told = {name: os.environ[name] for name in TOLD_TO_PIP if name in os.environ}
    run = api.exec_create(number, command, environment={**PIP, **told})["Id"]
    rest = ""
    for data in api.exec_start(run, stream=True):
        *lines, rest = (rest + data.decode("utf-8", "replace")).split("\n")
        for line in filter(None, map(str.strip, lines)):
            hear(line)
    code: int = api.exec_inspect(run)["ExitCode"]
    return code


def _lines(text: str) -> Iterator[str]:
    return filter(None, map(str.strip, text.split("\n")))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
