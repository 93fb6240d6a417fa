"""Private folders on the host's disk: made for one owner, removed with it, swept when their owner died.

A folder's name says whose it is: `actletbox-<uid>-<pid>-<start of that process>-...`. Removing never follows a
link and doesn't recurse, however deep a guest has made it. Where a worker has a work folder in memory, the kernel
holds it to its limits; elsewhere `watch` does, several times a second, and calls back once they are passed.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PREFIX = "actletbox"

WATCH_SECONDS = 0.1
"""How often the folders of running workers are looked at."""


def make(user: int | None = None) -> str:
    """A new folder of this process. With `user`, it holds `work` and `tmp`, which are that user's alone."""
    path = tempfile.mkdtemp(prefix=owned_name())
    if user is not None:
        os.chmod(path, 0o711 if user != os.geteuid() else 0o700)
        for name in ("work", "tmp"):
            inner = os.path.join(path, name)
            os.mkdir(inner, 0o700)
            if user != os.geteuid():
                os.chown(inner, user, user)
    return path


def owned_name() -> str:
    """How the name of something of this process's begins."""
    me = os.getpid()
    return f"{PREFIX}-{os.geteuid()}-{me}-{_started(me)}-"


def is_left_over(name: str) -> bool:
    """Whether this is the name of something of this user's whose process has died."""
    parts = name.split("-")
    if len(parts) < 5 or parts[:2] != [PREFIX, str(os.geteuid())] or not parts[2].isdigit():
        return False
    return _started(int(parts[2])) != parts[3]


def _started(process: int) -> str:
    """When a process started, in the kernel's ticks: with its number, this names one process for good."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def remove(path: str) -> None:
    """Remove a folder and all that is in it. What can't be removed stays."""
    with suppress(OSError):
        os.chmod(path, 0o700)
    waiting, count = [path], 0
    while waiting:
        folder = waiting[-1]
        inner, count = _emptied(folder, path, count)
        if inner:
            waiting += inner
        else:
            waiting.pop()
            with suppress(OSError):
                os.rmdir(folder)


def _emptied(folder: str, top: str, count: int) -> tuple[list[str], int]:
    """Delete a folder's files, and bring its folders up to `top`: no path grows long. Returns those folders."""
    inner: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            with suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                elif folder == top:
                    inner.append(entry.path)
                else:
                    count += 1
                    os.rename(entry.path, os.path.join(top, f".{count}"))
                    inner.append(os.path.join(top, f".{count}"))
    return [path for path in inner if path != folder], count


def sweep() -> None:
    """Remove the folders of processes of this user that have died."""
    me = os.geteuid()
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            ours = is_left_over(entry.name) and entry.is_dir(follow_symlinks=False)
            if ours and entry.stat(follow_symlinks=False).st_uid == me:
                remove(entry.path)


def used(path: str, enough: int) -> tuple[int, int]:
    """Bytes on disk and number of files below `path`. Counting ends at `enough` files.

    Raises `OSError` for a path that can't be read, as one that has become too long.
    """
    size, files, waiting = 0, 0, [path]
    while waiting and files <= enough:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                with suppress(FileNotFoundError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return size, files


_watched: dict[str, tuple[int, int, Callable[[str], None]]] = {}
_lock = threading.Lock()
_watching = False


def _forked() -> None:
    """This process is a fork of the one that watches: it has no thread that does, and nothing to watch."""
    global _lock, _watching
    _lock, _watching = threading.Lock(), False
    _watched.clear()


os.register_at_fork(after_in_child=_forked)


def watch(path: str, disk_mb: int, max_files: int, passed: Callable[[str], None]) -> None:
    """Call `passed` with the reason, once, when the folder holds more than this. `unwatch` ends it."""
    global _watching
    with _lock:
        _watched[path] = disk_mb, max_files, passed
        if not _watching:
            _watching = True
            threading.Thread(target=_look, name="actlet-folders", daemon=True).start()


def unwatch(path: str) -> None:
    """Look at the folder no more."""
    with _lock:
        _watched.pop(path, None)


def _look() -> None:
    global _watching
    pause = threading.Event()
    while True:
        with _lock:
            if not _watched:
                _watching = False
                return
            folders = dict(_watched)
        for path, (disk_mb, max_files, passed) in folders.items():
            reason = _reason(path, disk_mb, max_files)
            if reason is not None:
                unwatch(path)
                passed(reason)
        pause.wait(WATCH_SECONDS)


def _reason(path: str, disk_mb: int, max_files: int) -> str | None:
    try:
        size, files = used(path, max_files + 2)
    except FileNotFoundError:
        return None
    except OSError:
        return "its work folder has paths that are too long"
    if size > disk_mb << 20:
        return f"its work folder held more than disk_mb={disk_mb}"
    if files > max_files + 2:  # `work` and `tmp` are ours
        return f"its work folder held more files than max_files={max_files}"
    return None
