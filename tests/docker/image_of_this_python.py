"""An image of this machine's own Python, as a tar: its prefix, the libraries it needs, a shell. No network is needed.

python rootfs.py [PREFIX] > rootfs.tar
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PROGRAMS = ("/bin/sh", "/bin/ls", "/bin/sleep")
FILES = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/etc/ssl/certs/ca-certificates.crt")
OFTEN_NEEDED = ("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1")
"""Libraries that wheels expect of any Linux."""

WRITTEN = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/pip.conf": "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n",
}
UNUSED = {"test", "tests", "idlelib", "turtledemo", "lib2to3", "__pycache__"}


def write_rootfs(prefix: Path, out: IO[bytes]) -> None:
    """Write the tar of an image whose python3 is that of `prefix`."""
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for folder in ("tmp", "proc", "sys", "dev", "root", "etc"):
            _add_folder(tar, folder)
        for name, text in WRITTEN.items():
            _add_text(tar, name, text)
        _add_link(tar, "usr/local/bin/python3", str(prefix / "bin" / "python3"))
        for path in prefix.glob("lib/python3.*"):
            tar.add(path, filter=_kept)
        for path in _loose_files(prefix):
            _add_file(tar, path, str(path), 0o755)
        _add_file(tar, Path("/bin/sh"), "usr/local/bin/sh-of-root", 0o4755)


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Of what is installed, pip alone; of what is compiled, nothing, as in Docker's official image."""
    path = Path(entry.name)
    big = path.name.startswith("config-") or path.name.endswith(".a") or path.name in UNUSED
    installed = path.parent.name == "site-packages" and not path.name.startswith("pip")
    return None if big or installed else entry


def _loose_files(prefix: Path) -> Iterator[Path]:
    """Programs, and the libraries that they and Python's modules need, where they are expected."""
    interpreter = prefix / "bin" / "python3"
    programs = [interpreter, *map(Path, PROGRAMS)]
    libraries = {name: path for program in [*programs, *prefix.glob("lib/python3*/lib-dynload/*.so")]
                 for name, path in _libraries_of(program)}  # fmt: skip
    system = libraries["libc.so.6"].parent
    libraries.update((name, system / name) for name in OFTEN_NEEDED)
    for path in [*programs, *map(Path, FILES), *libraries.values()]:
        if path.exists():
            yield path


def _libraries_of(program: Path) -> Iterator[tuple[str, Path]]:
    for line in subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout.splitlines():
        parts = line.split()
        if len(parts) >= 3 and parts[1] == "=>" and parts[2].startswith("/"):
            yield parts[0], Path(parts[2])


def _add_file(tar: tarfile.TarFile, path: Path, name: str, mode: int) -> None:
    entry = tar.gettarinfo(str(path.resolve()), name)
    entry.mode = mode
    with path.open("rb") as file:
        tar.addfile(entry, file)


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    tar.addfile(entry)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o644
    tar.addfile(entry, io.BytesIO(text.encode()))


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


if __name__ == "__main__":
    write_rootfs(Path(sys.argv[1] if len(sys.argv) > 1 else sys.base_prefix), sys.stdout.buffer)
