"""Control groups: limits on what a worker takes together with everything it starts, where this user may set them.

They are there beside the limits that each process has of itself, which count private memory only, and each process
alone. A group is made for one worker, in the group that this process is in (version 1: for each controller) or in
the nearest one above it where that is possible (version 2), and removed with it. Groups of processes that died are
swept. Nothing of the machine's own groups is changed: a controller that isn't given on to groups below isn't used.
"""

from __future__ import annotations

import errno
import itertools
import os
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from . import folders

CONTROLLERS = ("memory", "pids")

OVERHEAD_MB = 64
"""Beyond what a worker may take and keep in its folder: the interpreter itself, and the kernel's own for it."""

REMOVING = 20
"""How often, every hundredth of a second, a group is tried to be removed."""

_numbers = itertools.count(1)


class Group:
    """A worker's group: a folder for each hierarchy, and the names of its controllers."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.controllers: list[tuple[str, ...]] = []

    def doors(self) -> list[int]:
        """A descriptor for each hierarchy: who writes "0" into it is in the group, with all that it starts later.

        For a thread that moves itself (version 1) the kernel stops nobody; to move a process from outside takes
        it a grace period, of 5 to 20 ms. None, if they can't all be opened.
        """
        doors: list[int] = []
        try:
            for path in self.paths:
                name = "tasks" if (path / "tasks").exists() else "cgroup.procs"
                doors.append(os.open(path / name, os.O_WRONLY))
        except OSError:
            while doors:
                os.close(doors.pop())
        return doors

    def ran_out(self) -> bool:
        """Whether the kernel has killed something in the group for the memory it took."""
        for path in self.paths:
            for name in ("memory.events", "memory.oom_control"):
                with suppress(OSError):
                    lines = (path / name).read_text().splitlines()
                    if any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines):
                        return True
        return False

    def remove(self) -> None:
        """Remove the group, in which nothing runs any more, or what was there is just being ended."""
        for path in self.paths:
            for _ in range(REMOVING):
                try:
                    path.rmdir()
                except OSError as error:
                    if error.errno == errno.EBUSY:
                        time.sleep(0.01)
                        continue
                break


def make(memory_mb: int, max_processes: int) -> Group | None:
    """A new group with these limits, or None where this user can make none."""
    name = f"{folders.owned_name()}{next(_numbers)}"
    group = Group()
    try:
        for place, controllers in places().items():
            path = Path(place, name)
            path.mkdir()
            group.paths.append(path)
            _limit(path, controllers, memory_mb << 20, max_processes)
            group.controllers.append(controllers)
    except OSError:
        group.remove()
        return None
    return group if group.paths else None


def _limit(path: Path, controllers: tuple[str, ...], memory: int, processes: int) -> None:
    if "pids" in controllers:
        (path / "pids.max").write_text(str(processes))
    if "memory" in controllers:
        second = (path / "memory.max").exists()
        limits = {"memory.max": memory} if second else {"memory.limit_in_bytes": memory}
        swap = {"memory.swap.max": 0} if second else {"memory.memsw.limit_in_bytes": memory}
        for name, value in (limits | swap).items():
            if name in limits or (path / name).exists():  # a kernel may not account for swap
                (path / name).write_text(str(value))


def sweep() -> None:
    """Remove the groups of processes that have died."""
    for place in places():
        with suppress(OSError), os.scandir(place) as entries:
            for name in [entry.name for entry in entries if folders.is_left_over(entry.name)]:
                with suppress(OSError):
                    os.rmdir(os.path.join(place, name))


@lru_cache
def places() -> dict[str, tuple[str, ...]]:
    """Where groups can be made, and which controllers hold there."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return found
    for line in mounts:
        before, _, after = line.partition(" - ")
        kind, options = after.split()[0], after.split()[-1].split(",")
        root, top = before.split()[3:5]
        for _, names, path in own:
            inside = "/" + os.path.relpath(path, root)
            if kind == "cgroup" and names and set(names.split(",")) <= set(options):
                found |= _first_version(top + inside, names.split(","))
            elif kind == "cgroup2" and not names:
                found |= _second_version(top, inside)
    return found


def _first_version(folder: str, names: list[str]) -> dict[str, tuple[str, ...]]:
    useful = tuple(name for name in names if name in CONTROLLERS)
    return {os.path.normpath(folder): useful} if useful and os.access(folder, os.W_OK) else {}


def _second_version(top: str, inside: str) -> dict[str, tuple[str, ...]]:
    folder = Path(os.path.normpath(top + inside))
    for place in (folder, *folder.parents):
        with suppress(OSError):
            given_on = (place / "cgroup.subtree_control").read_text().split()
            useful = tuple(name for name in CONTROLLERS if name in given_on)
            if useful and os.access(place, os.W_OK) and os.access(place / "cgroup.procs", os.W_OK):
                return {str(place): useful}
        if str(place) == top:
            break
    return {}
