"""A box in a rented sandbox: what E2B, Modal and Blaxel have in common.

Theory of operation. `_start` rents a sandbox, writes the kernel there, installs the packages, and starts the
kernel. A thread passes on what the kernel says; the channel's worker writes to it. When the kernel has ended, the
sandbox is given back, whatever the reason: the next snippet gets a new one. What fails on the way in gives the
sandbox back too, and is a `BoxError` that says what the service said.
"""

from __future__ import annotations

import os
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ...errors import BoxError, BoxMissingExtraError
from ..box import Readiness
from ..channel import Channel
from ..files import FileData, bytes_of, name_in_box
from ..kernel import LIMITS, Limits
from ..packages import Progress, checked_requirements, on_stderr
from ..protocol import RemoteBox
from .lease import Lease
from .rented import CommandFailed, Rented
from .running import Running, Terms, in_words

T = TypeVar("T")

LARGE = 1 << 22
"""Bytes from which on a file goes by the service's own way for files, and not through the kernel."""


class CloudBox(RemoteBox):
    """A box in a sandbox of a service's.

    `packages`: requirements that pip installs in it before the first snippet. `progress` is told what it does.
    """

    service: ClassVar[str]
    extra: ClassVar[str]
    variables: ClassVar[tuple[str, ...]]
    """The variables that a login is taken from."""
    login_file: ClassVar[str] = ""
    """Where the service's own command leaves a login, if it does."""

    def __init__(
        self,
        additional_authorized_imports: Iterable[str] = (),
        *,
        packages: Iterable[str] = (),
        progress: Progress | None = on_stderr,
        timeout_seconds: float | None = 30,
        max_print_outputs_length: int | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        super().__init__(
            additional_authorized_imports,
            timeout_seconds=timeout_seconds,
            max_print_outputs_length=max_print_outputs_length,
            limits=limits,
        )
        if find_spec(self.extra) is None:
            raise BoxMissingExtraError(type(self).__name__, self.extra)
        self.packages, self.progress = checked_requirements(packages), progress
        self._rented: Rented | None = None
        self._lease: Lease | None = None
        self._running: Running | None = None

    @classmethod
    def check(cls) -> Readiness:
        """Whether the SDK is installed and there is a login. Asks nobody whether it is a good one."""
        if find_spec(cls.extra) is None:
            return Readiness(False, f"{cls.service}'s SDK isn't installed", f"pip install 'actlet[{cls.extra}]'")
        by_command = Path(cls.login_file).expanduser() if cls.login_file else None
        if all(os.environ.get(name) for name in cls.variables):
            return Readiness(True, f"{cls.service}'s SDK, and a login in {' and '.join(cls.variables)}")
        if by_command is not None and by_command.is_file():
            return Readiness(True, f"{cls.service}'s SDK, and a login in {by_command}")
        return Readiness(False, f"no login for {cls.service}", f"set {' and '.join(cls.variables)}")

    # What a service's file writes

    @abstractmethod
    def _rent(self) -> Rented:
        """Rent a sandbox. What the SDK raises is put into words by `_start`."""

    @abstractmethod
    def _terms(self) -> Terms:
        """How long the sandbox may live."""

    # A box's life

    def _start(self) -> Channel:
        if self.packages:
            self._say(f"{self.service}: a sandbox with {', '.join(self.packages)}")
        try:
            rented = self._rent()
        except Exception as error:
            raise BoxError(f"{self.service} gave no sandbox: {in_words(error)}") from error
        self._lease = lease = Lease(f"the sandbox {rented.name} of {self.service}", rented.give_back)
        try:
            self._prepare(rented)
        except Exception as error:
            lease.end()
            raise BoxError(f"the sandbox {rented.name} could not be prepared: {in_words(error)}") from error
        self._rented, self._running = rented, (running := Running(rented, lease, self._terms()))
        name = f"actlet-{self.extra}-kernel"
        threading.Thread(target=running.listen, name=name, daemon=True).start()
        return running.channel

    def _prepare(self, rented: Rented) -> None:
        rented.put_kernel()
        if self.packages:
            try:
                rented.install(self.packages, self._say)
            except CommandFailed as error:
                raise BoxError(f"pip could not install {', '.join(self.packages)}: {error}") from error
        rented.start_kernel()

    def _say(self, text: str) -> None:
        if self.progress is not None and text.strip():
            self.progress(text.rstrip())

    def _kill(self) -> None:
        if self._lease is not None:
            self._lease.end_soon()

    def cleanup(self) -> None:
        """End the kernel and give the sandbox back; it is gone when this returns. The box may be used again."""
        super().cleanup()
        if self._lease is not None:
            self._lease.end()

    def _reason(self) -> str:
        return "" if self._running is None else self._running.why

    # Files

    def put_file(self, path: str | os.PathLike[str], data: FileData) -> None:
        """Write a file into the work folder."""
        name, content = name_in_box(path), bytes_of(data)
        large = len(content) >= LARGE
        super().put_file(name, b"" if large else content)  # makes the folders it is in, and says why it can't be
        if large:
            self._by_service(lambda rented: rented.put(f"{rented.work}/{name}", content))
            self._ask_file("came", name)

    def get_file(self, path: str | os.PathLike[str]) -> bytes:
        """The bytes of a file in the work folder."""
        name = name_in_box(path)
        if all(file.path != name or file.size < LARGE for file in self.list_files()):
            return super().get_file(name)
        return self._by_service(lambda rented: rented.get(f"{rented.work}/{name}"))

    def _by_service(self, request: Callable[[Rented], T]) -> T:
        if self._rented is None:
            raise BoxError("the box was closed")
        try:
            return request(self._rented)
        except Exception as error:
            raise BoxError(f"{self.service} failed with a file: {in_words(error)}") from error

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), "packages": self.packages, "progress": self.progress}


def required_key(given: str | None, variable: str, service: str) -> str:
    """A key that was given, or the variable's. Raises `BoxError` if there is none."""
    key = given or os.environ.get(variable)
    if not key:
        raise BoxError(f"there is no key for {service}: set {variable}, or pass api_key=...")
    return key
