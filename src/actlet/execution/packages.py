"""Packages for boxes that run this machine's Python: installed once into a folder of the user's cache, used by all.

A folder is named by a hash of the Python that it is for and of the sorted requirements, so two boxes that ask for
the same share it, and one that asks for something else never sees it. It is made under another name and renamed
when it is whole, under a lock between processes: there is no folder that is half made. What a requirement without a
version means is settled when the folder is made; removing the folder has it settled anew.

Not done here: nothing is ever removed (`actlet_cache()` says where to look), and nothing is isolated: building a
package may run its code on this machine, as `pip install` does, so requirements are the agent's author's to choose,
never a snippet's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ..errors import BoxError

Progress = Callable[[str], object]
"""Is told, line by line, what an installation does."""

_WHICH = "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())"
_PIP = ("-m", "pip", "install", "--no-user", "--no-input", "--disable-pip-version-check", "--progress-bar=off")
_LISTED = "requirements.txt"


def actlet_cache() -> Path:
    """Where actlet keeps what can be had again: ACTLET_CACHE, or `actlet` in the user's folder for caches."""
    given = os.environ.get("ACTLET_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "actlet"


def on_stderr(line: str) -> None:
    """Show progress where a person sees it."""
    print(line, file=sys.stderr, flush=True)


def checked_requirements(requirements: Iterable[str]) -> tuple[str, ...]:
    """Requirements as pip understands them ("numpy>=2"), sorted, each once. Raises `TypeError` and `ValueError`."""
    if isinstance(requirements, str):
        raise TypeError(f"packages must be a list: [{requirements!r}]")
    listed = [str(requirement).strip() for requirement in requirements]
    for requirement in listed:
        if not requirement or requirement.startswith("-") or not requirement.isprintable():
            raise ValueError(f"{requirement!r} is no requirement: write packages as 'numpy' or 'numpy>=2,<3'")
    return tuple(sorted(set(listed)))


def site_packages(
    requirements: Iterable[str], python: str = sys.executable, progress: Progress | None = on_stderr
) -> Path:
    """The folder that holds these packages for this Python; installed now, if it isn't there.

    Raises `BoxError` with what pip says when a package can't be had.
    """
    wanted = checked_requirements(requirements)
    if not wanted:
        raise ValueError("no packages were named: give requirements such as 'numpy>=2'")
    tell = progress or _unseen

    def make(making: Path) -> None:
        tell(f"installing {', '.join(wanted)}, once")
        install(making, wanted, tell, python)
        (making / _LISTED).write_text("\n".join(wanted) + "\n")

    return made_once(actlet_cache() / "packages" / _name(wanted, python), make, tell)


def made_once(folder: Path, make: Callable[[Path], object], progress: Progress) -> Path:
    """`folder`, filled by `make` if it isn't there: whole or not at all, by one process of all that ask for it."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder, progress):
            if not folder.is_dir():
                _make(folder, make)
    return folder


def _name(wanted: tuple[str, ...], python: str) -> str:
    text = "\n".join([_which(python), *wanted])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@lru_cache
def _which(python: str) -> str:
    """Which Python that is: its version and its platform."""
    try:
        done = subprocess.run([python, "-I", "-c", _WHICH], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BoxError(f"{python!r} can't be started: {error}") from error
    return done.stdout.strip()


@contextmanager
def _locked(folder: Path, progress: Progress) -> Iterator[None]:
    """Keep every other process from making this folder; waits for one that does."""
    import fcntl  # sandbox and process boxes are for systems that have it

    with open(folder.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process installs the same packages: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: Path, make: Callable[[Path], object]) -> None:
    for left in folder.parent.glob(f"{folder.name}.making-*"):  # by a process that was killed: the lock is ours
        shutil.rmtree(left, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=f"{folder.name}.making-", dir=folder.parent))
    try:
        make(making)
        making.chmod(0o755)  # a sandbox's worker is another user
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def install(
    target: Path,
    wanted: tuple[str, ...],
    progress: Progress,
    python: str = sys.executable,
    flags: Iterable[str] = (),
) -> None:
    """Have pip install into `target`; `flags` are more options for it. Raises `BoxError`."""
    said = []
    pip = subprocess.Popen(
        [python, *_PIP, *flags, "--target", str(target), "--", *wanted],
        env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUNBUFFERED": "1"},
        cwd=target,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with pip:
        try:
            assert pip.stdout is not None
            for line in pip.stdout:
                said.append(line.rstrip())
                progress(said[-1])
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise BoxError(_why(wanted, python, said))


def _why(wanted: tuple[str, ...], python: str, said: list[str]) -> str:
    """What went wrong, in pip's words, with what to do."""
    failed = f"the packages {', '.join(wanted)} could not be installed"
    if any("No module named pip" in line for line in said):
        return f"{failed}: {python} has no pip. Add it: {python} -m ensurepip, or install python3-pip"
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")] or said[-3:]
    remedy = "Check names and versions, and that this machine reaches the package index that pip is set up for"
    return f"{failed}: {' '.join(errors)[:1000]}. {remedy} (pip config list)."


def _unseen(line: str) -> None:
    """Progress that nobody wants to see."""
