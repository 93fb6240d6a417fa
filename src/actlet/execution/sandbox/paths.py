"""Which of the machine's paths a box may be given beside Python's own.

Links are resolved here, once, when the box is made: what a box gets is what they led to then. Refused is what holds
secrets or the machine's own state (everything, a home folder as a whole, keys and tokens of programs that are kept
below it), and for writing also what this machine's programs are made of, and a path inside another one that
snippets may write: they could put something else in its place.

Not covered: what is in a path that is given. Snippets that may write to a folder may leave files there for others
to run, a hook of git's or a Makefile.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import gettempdir

MACHINE = ("/proc", "/sys", "/dev", "/run", "/boot")
"""Where the machine shows its state: neither this nor what is below it."""

WHOLE = ("/etc", "/root", "/home", "/var", "/usr")
"""What holds other people's things: not as a whole."""

SECRET = (
    ".ssh", ".gnupg", ".aws", ".azure", ".gcloud", ".config/gcloud", ".kube", ".docker", ".password-store",
    ".local/share/keyrings", ".mozilla", ".config/google-chrome", ".config/chromium", ".config/gh",
)  # fmt: skip
"""Below a home folder: where programs keep keys, tokens and sessions."""

PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt")
"""What this machine's programs are made of: not to be written."""


def readable_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths that links lead to. Raises `ValueError` for one that doesn't exist, or that nobody should give."""
    return tuple(_checked(path, "readable_paths") for path in paths)


def writable_paths(paths: Iterable[str], others: Iterable[str], python: Iterable[str]) -> tuple[str, ...]:
    """The same for paths to write; `others` are readable, and `python` is what Python itself reads."""
    chosen = tuple(_checked(path, "writable_paths") for path in paths)
    for path in chosen:
        for own in (*PROGRAMS, *filter(os.path.exists, python)):
            if _is_in(path, os.path.realpath(own)) or _is_in(os.path.realpath(own), path):
                raise ValueError(f"writable_paths: {path!r} holds what programs of this machine run ({own!r})")
        for inner in (*others, *chosen):
            if inner != path and _is_in(inner, path):
                raise ValueError(
                    f"{inner!r} is inside of the writable {path!r}, where snippets could put something else in its "
                    "place: name only the outer one"
                )
    return chosen


def _checked(given: str, option: str) -> str:
    path = os.path.realpath(os.path.expanduser(given))
    if not os.path.exists(path):
        raise ValueError(f"{option}: {given!r} doesn't exist; it must, when the box is made")
    reason = _why_not(path)
    if reason:
        raise ValueError(f"{option}: {given!r} is {reason}. Name a folder that holds only what snippets need")
    return path


def _why_not(path: str) -> str:
    home = os.path.realpath(Path.home())
    if any(_is_in(path, machine) for machine in MACHINE):
        return "where the machine shows its state"
    if any(_is_in(other, path) for other in (home, os.path.realpath(gettempdir()), *WHOLE, *MACHINE)):
        return "a whole that holds what is nobody's business"
    inside = os.path.relpath(path, home) if _is_in(path, home) else ""
    if any(_is_in(inside, secret) for secret in SECRET) or (inside.startswith(".") and "/" not in inside):
        return "where programs keep keys and settings"
    return ""


def _is_in(path: str, folder: str) -> bool:
    """Whether a path is this folder, or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
