"""What boxes in WebAssembly are made of: Deno, Pyodide, our own files and the snapshot, put together in one folder.

Deno comes with the `wasm` extra (from PyPI) or is one that is installed; Pyodide is fetched once from the npm
registry by Deno, which checks it against `js/deno.lock`. The folder's name is a hash of all that the snapshot
depends on; it is made once, and used offline from then on. Packages are another folder beside it.

Not done here: no package is ever run on this machine, since only wheels are installed. Those with C code come from
the package index, if it has a wheel for Pyodide's platform, or from Pyodide's own distribution (numpy, pandas);
`pyodide-lock.json` holds the hashes of its wheels.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from ...errors import BoxError, BoxMissingExtraError
from .. import kernel
from ..packages import Progress, actlet_cache, install, made_once

PYODIDE = "314.0.7"
"""The version of Pyodide. `js/deno.lock` holds the hashes that belong to it."""

PYTHON_FLAGS = (
    "--only-binary=:all:", "--python-version=3.14", "--implementation=cp", "--abi=cp314",
    "--platform=pyemscripten_2026_0_wasm32",
)  # fmt: skip
"""For pip: what wheels this Pyodide takes."""

DISTRIBUTION = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full/"
"""Where the wheels of Pyodide's own distribution are."""

PARTS = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
SNAPSHOT = "snapshot.bin"
PACKAGES = "packages.zip"

ISOLATION = (
    "--no-prompt", "--no-remote", "--cached-only", "--no-npm", "--no-config", "--no-lock", "--quiet",
    "--unstable-worker-options",
)  # fmt: skip
"""For Deno: it fetches nothing and asks nobody. What it may do at all is said by `--allow-read` alone."""

SNAPSHOT_SECONDS = 300.0
"""How long making the snapshot may take."""

_HERE = Path(__file__).parent


def wasm_cache() -> Path:
    """Where all of this is kept."""
    return actlet_cache() / "wasm"


def find_deno(given: str | None = None) -> str:
    """The Deno to use: the one given, the `deno` package's, or the one on the PATH.

    Raises `BoxMissingExtraError`.
    """
    found = given or _packaged_deno() or shutil.which("deno")
    if not found:
        raise BoxMissingExtraError("a box in WebAssembly", "wasm")
    return found


def _packaged_deno() -> str | None:
    try:
        return str(import_module("deno").find_deno_bin())
    except (ImportError, FileNotFoundError):
        return None


def environment() -> dict[str, str]:
    """All that a Deno of ours is told of this machine."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP") if name in os.environ}
    return {**kept, "DENO_DIR": str(wasm_cache() / "deno"), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def command(deno: str, folder: Path, *words: str, v8_flags: tuple[str, ...] = ()) -> list[str]:
    """What starts Deno in the runtime's folder, allowed to read that folder and nothing else. See `js/deno.js`."""
    flags = ",".join(("--disallow-code-generation-from-strings", *v8_flags))
    readable = str(folder).replace(",", ",,")
    main = str(folder / "deno.js")
    return [deno, "run", *ISOLATION, f"--v8-flags={flags}", f"--allow-read={readable}", main, str(folder), *words]


def runtime(deno: str, packages: tuple[str, ...], progress: Progress | None) -> Path:
    """The folder to start from, made if it isn't there. Raises `BoxError` if it can't be."""
    tell = progress or _unseen
    base = made_once(wasm_cache() / f"runtime-{_version()}", lambda folder: _make(folder, deno, tell), tell)
    if not packages:
        return base
    name = hashlib.sha256("\n".join([_version(), *packages]).encode()).hexdigest()[:16]
    folder = wasm_cache() / f"packages-{name}"
    return made_once(folder, lambda making: _add_packages(making, base, packages, tell), tell)


def is_here() -> bool:
    """Whether nothing has to be downloaded any more."""
    return (wasm_cache() / f"pyodide-{PYODIDE}").is_dir()


@lru_cache
def _version() -> str:
    """A hash of all that is in the folder."""
    digest = hashlib.sha256(PYODIDE.encode())
    for path in _own_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _own_files() -> list[Path]:
    served = sorted(path for path in (_HERE / "js").iterdir() if path.suffix in {".js", ".html", ".css"})
    return [Path(kernel.__file__), _HERE / "guest.py", *served]


def _make(folder: Path, deno: str, progress: Progress) -> None:
    pyodide = made_once(wasm_cache() / f"pyodide-{PYODIDE}", lambda made: _fetch(made, deno, progress), progress)
    for name in PARTS:
        _place(pyodide / name, folder / name)
    for path in _own_files():
        shutil.copy(path, folder / path.name)
    progress("preparing Python in WebAssembly, once")
    (folder / SNAPSHOT).write_bytes(_snapshot(deno, folder))


def _fetch(folder: Path, deno: str, progress: Progress) -> None:
    """Pyodide from the npm registry, by way of Deno. Raises `BoxError`."""
    progress(f"downloading Pyodide {PYODIDE} (6 MB), once")
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("deno.json", "deno.lock"):
            shutil.copy(_HERE / "js" / name, scratch)
        store = Path(scratch) / "deno"
        done = subprocess.run(
            [deno, "cache", "--quiet", "--frozen", f"npm:pyodide@{PYODIDE}"],
            env={**os.environ, "DENO_DIR": str(store), "NO_COLOR": "1"},
            cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = next(iter(store.glob(f"npm/**/pyodide/{PYODIDE}")), None)
        if done.returncode or found is None:
            raise BoxError(
                f"Pyodide {PYODIDE} could not be downloaded: {done.stderr.strip()[-1000:]}. Check that this "
                "machine reaches the npm registry (NPM_CONFIG_REGISTRY and HTTPS_PROXY are heeded); once is enough"
            )
        for name in PARTS:
            shutil.copy(found / name, folder / name)


def _snapshot(deno: str, folder: Path) -> bytes:
    try:
        made = subprocess.run(
            command(deno, folder, "snapshot"),
            env=environment(), cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=SNAPSHOT_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BoxError(f"Python in WebAssembly could not be prepared with {deno!r}: {error}") from error
    if made.returncode or not made.stdout:
        why = made.stderr.decode("utf-8", "replace").strip()[-1000:]
        raise BoxError(f"Python in WebAssembly could not be prepared with {deno!r}: {why or made.returncode}")
    return made.stdout


def _add_packages(folder: Path, base: Path, packages: tuple[str, ...], progress: Progress) -> None:
    """The same folder with packages."""
    for path in base.iterdir():
        _place(path, folder / path.name)
    progress(f"installing {', '.join(packages)} for Pyodide, once")
    with tempfile.TemporaryDirectory() as scratch:
        installed = Path(scratch) / "packages"
        installed.mkdir()
        page = Path(scratch) / "links.html"
        page.write_text(links(base / "pyodide-lock.json"))
        install(installed, packages, progress, flags=(*PYTHON_FLAGS, f"--find-links={page}"))
        _zip(installed, folder / PACKAGES)


def links(lock: Path) -> str:
    """A page for pip, of the wheels with C code that Pyodide's distribution has."""
    wheels = [(each["file_name"], each["sha256"]) for each in json.loads(lock.read_text())["packages"].values()]
    return "\n".join(
        f'<a href="{DISTRIBUTION}{name}#sha256={digest}">{name}</a>'
        for name, digest in wheels
        if name.endswith("_wasm32.whl")
    )


def _zip(tree: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(tree.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(tree))


def _place(source: Path, target: Path) -> None:
    """The same file at another place, without a second copy of its bytes where the system can do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def _unseen(line: str) -> None:
    """Progress that nobody wants to see."""
