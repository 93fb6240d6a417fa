"""One container: made, attached to, started, and what became of it.

Attaching comes before starting, so that no byte of the kernel's is lost and none has to be asked for again. Why a
container ended is asked of the engine's events, because one that has ended is removed at once.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import BoxError
from ...threads import Alarm, on_a_worker
from ..kernel import ended_with
from .bootstrap import arguments, payload
from .engine import Engine
from .owner import labels
from .settings import Settings, container_config
from .stream import AttachedChannel

FATE_SECONDS = 3.0
"""Seconds that the engine has to tell why a container ended."""

REMOVE_SECONDS = 10.0
"""Seconds that whoever closes a box waits for the engine to remove its container."""

CLOCKS_DIFFER = 300
"""Seconds that the engine's clock, which may be another machine's, may be behind."""

KILLED = 128 + 9
"""The exit code of a container whose kernel was killed."""

REMEDIES = {
    "container-init binary not found": "install the engine's init program (Debian's package for podman: catatonit)",
    "executable file not found": "the image has no such Python: name its interpreter by python=",
    "no such file or directory": "the image has no such Python: name its interpreter by python=",
    "unknown runtime": "register the runtime with the engine (for gVisor: runsc install), or leave runtime= out",
    "unknown or invalid runtime": "register the runtime with the engine (for gVisor: runsc install)",
    "cgroup": "this engine can't limit containers: it needs cgroups that it may write",
}
"""What an engine says when a container can't be started, and what to do about it."""


class Container:
    """A container in which a kernel starts, and its channel."""

    def __init__(self, engine: Engine, number: str, channel: AttachedChannel, memory_mb: int) -> None:
        self.channel = channel
        self.id = number
        self._engine, self._memory_mb = engine, memory_mb
        self._fate = ""
        self._ending, self._gone = False, threading.Event()
        self._forgotten = weakref.finalize(self, engine.doom, number)
        self._forgotten.atexit = False

    def end(self) -> None:
        """Have it killed and removed, without waiting for that. If it ended by itself, why is asked first."""
        if self._forgotten.detach() is None:
            return
        if self.channel.ended_by_itself:
            self._fate = self._ask_fate()
        self._ending = True
        on_a_worker(self._remove)

    def _remove(self) -> None:
        try:
            self._engine.remove(self.id)
        finally:
            self._gone.set()

    def wait_gone(self) -> None:
        """Wait until it is removed, if it is being removed, for a few seconds at most."""
        if self._ending:
            self._gone.wait(REMOVE_SECONDS)

    def fate(self) -> str:
        """Why it ended, as far as is known: for a container that was ended."""
        errors = self.channel.errors
        return ". ".join(filter(None, (self._fate, errors, _remedy(errors))))

    def _ask_fate(self) -> str:
        from docker.errors import APIError
        from requests.exceptions import RequestException

        try:
            code, for_memory = self._heard()
        except (APIError, RequestException) as error:
            return f"the engine doesn't answer any more ({type(error).__name__})"
        return _words(code, for_memory, self._memory_mb)

    def _heard(self) -> tuple[int | None, bool]:
        """The exit code, as far as the engine tells, and whether something was killed for want of memory."""
        code, for_memory = None, False
        with _events(self._engine.api, self.id) as (events, hurry):
            for event in events:
                kind = event.get("Action", event.get("status"))
                if kind == "oom":
                    for_memory = True
                elif kind == "die":
                    code = _exit_code(event)
                    hurry()  # what says that memory was the reason may come after the end
                if code is not None and (for_memory or code != KILLED):
                    break
        return code, for_memory


def start_kernel(engine: Engine, image: str, settings: Settings) -> Container:
    """A container in which a kernel is starting. Raises `BoxError`; `docker.errors.ImageNotFound`."""
    config = container_config(engine, settings, image, arguments(), labels())
    container = start(engine, config, settings.memory_mb)
    container.channel.send(payload())
    return container


def start(engine: Engine, config: dict[str, Any], memory_mb: int) -> Container:
    """A started container, attached. Raises `BoxError`; `docker.errors.ImageNotFound`."""
    from docker.errors import APIError, ImageNotFound

    try:
        made = engine.api.create_container_from_config(config)
    except ImageNotFound:
        raise
    except APIError as error:
        raise _failure(error) from error
    number = made["Id"]
    engine.own(number)
    try:
        _check_limits(made.get("Warnings") or ())
        container = Container(engine, number, AttachedChannel(_attach(engine.api, number)), memory_mb)
        engine.api.start(number)
    except APIError as error:
        engine.remove(number)
        raise _failure(error) from error
    except BaseException:
        engine.remove(number)
        raise
    return container


def _check_limits(warnings: Iterable[str]) -> None:
    """Raise `BoxError` for a limit that the engine says it can't keep. Without one on swap there still is one on
    memory."""
    lost = [warning for warning in warnings if "discarded" in warning.lower()]
    if lost:
        raise BoxError(f"the engine can't keep the limits of the box: {' '.join(lost)} Give it cgroups")


def _attach(api: Any, number: str) -> int:
    streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "detachKeys": ""}
    attached = api.attach_socket(number, params=streams)
    found = getattr(attached, "_sock", attached)
    if type(found) is not socket.socket:
        raise BoxError(
            f"the engine is reached by {type(found).__name__}, which can't carry a kernel: forward its socket to "
            "this machine (ssh -NL /tmp/engine.sock:/run/docker.sock HOST) and pass base_url='unix:///tmp/engine.sock'"
        )
    own = found.dup()
    attached._response.close()
    return own.detach()


def _failure(error: Any) -> BoxError:
    said = str(error.explanation or error).strip()
    return BoxError(". ".join(filter(None, (f"the engine can't start the container: {said}", _remedy(said)))))


def _remedy(said: str) -> str:
    return next((remedy for words, remedy in REMEDIES.items() if words in said.lower()), "")


@contextmanager
def _events(api: Any, number: str) -> Iterator[tuple[Any, Callable[[], object]]]:
    """What the engine tells of a container's end, for as long as it has time, and what to call to give it less."""
    stream = api.events(since=int(time.time()) - CLOCKS_DIFFER, filters={"container": number}, decode=True)
    late = [Alarm(FATE_SECONDS, stream.close)]
    try:
        yield stream, lambda: late.append(Alarm(FATE_SECONDS / 6, stream.close))
    finally:
        for alarm in late:
            alarm.cancel()
        stream.close()


def _exit_code(event: dict[str, Any]) -> int:
    attributes = event.get("Actor", {}).get("Attributes", {})
    return int(attributes.get("exitCode", attributes.get("containerExitCode", "0")))


def _words(code: int | None, for_memory: bool, memory_mb: int) -> str:
    if for_memory and code == KILLED:
        return f"it was killed because it used more memory than its {memory_mb} MB (memory_mb)"
    if code is None:
        return "the engine doesn't tell why"
    if code == KILLED:
        return f"it was killed, by itself or because it used more memory than its {memory_mb} MB (memory_mb)"
    if code > 128 and code - 128 in set(signal.Signals):
        return f"its process was killed by {signal.Signals(code - 128).name}"
    return ended_with(code)
