"""Whose a container is, and the sweep that removes those whose owner is gone.

Each container carries its owner in a label: the machine, its boot, the process, and when that process started. A
container is left behind only where its owner died and the kernel in it, which reads the end of its input and exits,
was kept from that; the next process that uses the engine removes it. Those of other machines, and of other process
namespaces of this one, can't be judged from here, and are left alone; where there is no /proc, all are.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "actlet"
"""The label of everything that actlet makes in an engine."""

OWNER = "actlet.owner"


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: `machine` is its host's name, `boot` and `space` tell apart the process numbers of other times and
    other containers, `started` (in ticks since the boot) those that are used again."""

    machine: str
    boot: str
    space: str
    pid: int
    started: str

    def __str__(self) -> str:
        return "/".join((self.machine, self.boot, self.space, str(self.pid), self.started))

    @classmethod
    def read(cls, label: str) -> Owner | None:
        """The owner that a label names; None if it names none."""
        parts = label.split("/")
        if len(parts) != 5 or not parts[3].isdecimal():
            return None
        machine, boot, space, pid, started = parts
        return cls(machine, boot, space, int(pid), started)

    def is_gone(self) -> bool:
        """Whether this process is known to have ended."""
        here = this_process()
        if self.machine != here.machine:
            return False
        if self.boot != here.boot:
            return True
        return self.space == here.space and self.started != _started(self.pid)


def this_process() -> Owner:
    """This process, as an owner."""
    pid = os.getpid()
    return Owner(socket.gethostname(), _boot(), _space(), pid, _started(pid))


def labels() -> dict[str, str]:
    """The labels of what this process makes."""
    return {MARK: "1", OWNER: str(this_process())}


def sweep(api: Any) -> list[str]:
    """Remove the containers whose owner is gone; their ids. `api`: a `docker.APIClient`."""
    from docker.errors import APIError

    removed = []
    for container in api.containers(all=True, filters={"label": [f"{MARK}=1"]}):
        owner = Owner.read((container.get("Labels") or {}).get(OWNER, ""))
        if owner is not None and owner.is_gone():
            with suppress(APIError):  # another process sweeps too, or it has just ended by itself
                api.remove_container(container["Id"], v=True, force=True)
                removed.append(container["Id"])
    return removed


def _boot() -> str:
    return _text("/proc/sys/kernel/random/boot_id")


def _space() -> str:
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return ""


def _started(pid: int) -> str:
    """When a process that runs was started; "" if there is none, or if this system doesn't tell."""
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def _text(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text().strip()
    return ""
