"""A Docker engine of the tests' own: its data, its sockets and its processes are in a folder that goes with it.

    with private_engine() as url: ...
    python private_engine.py COMMAND ...    runs a command with DOCKER_HOST set to a private engine's address

Needs root and Debian's docker.io; gVisor's runsc is a runtime of it where it is installed. It has no networks but the
machine's and none, and touches no firewall. Its one image is `IMAGE`, made from the Python that runs this: no registry
is needed. `private_podman` is the same for podman.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from image_of_this_python import write_rootfs

IMAGE = "actlet-test/python:latest"
START_SECONDS = 90


@contextmanager
def private_engine() -> Iterator[str]:
    """The address of an engine that runs until the end, with `IMAGE` in it. Raises `RuntimeError` if it can't start."""
    missing = [name for name in ("dockerd", "containerd", "runc", "docker-init") if shutil.which(name) is None]
    if missing or os.geteuid():
        raise RuntimeError(f"needs root and the Debian package docker.io (missing: {', '.join(missing) or 'root'})")
    folder = Path(tempfile.mkdtemp(prefix="actlet-dockerd-"))
    try:
        with _dockerd(folder) as url:
            import_image(url, IMAGE, Path(sys.base_prefix))
            yield url
    finally:
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def import_image(url: str, name: str, prefix: Path) -> None:
    """Give the engine an image whose python3 is that of `prefix`."""
    import docker

    tar = io.BytesIO()
    write_rootfs(prefix, tar)
    repository, _, tag = name.rpartition(":")
    api = docker.APIClient(base_url=url, version="auto")
    api.import_image_from_data(tar.getvalue(), repository=repository, tag=tag)
    api.close()


@contextmanager
def private_podman() -> Iterator[str]:
    """The address of a podman service, likewise. Raises `RuntimeError` if it can't start."""
    if shutil.which("podman") is None or shutil.which("catatonit") is None or os.geteuid():
        raise RuntimeError("needs root and the Debian packages podman and catatonit")
    folder = Path(tempfile.mkdtemp(prefix="actlet-podman-"))
    url = f"unix://{folder}/podman.sock"
    options = {
        "root": folder / "data", "runroot": folder / "run", "tmpdir": folder / "tmp", "cgroup-manager": "cgroupfs",
        "events-backend": "file",
    }  # fmt: skip
    command = [
        "podman",
        *(f"--{name}={value}" for name, value in options.items()),
        "system",
        "service",
        "--time=0",
        url,
    ]
    try:
        with _running(command, url, folder / "log"):
            import_image(url, IMAGE, Path(sys.base_prefix))
            yield url
    finally:
        _end_all_of(folder)  # what podman watches an installation with stays for five minutes
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _dockerd(folder: Path) -> Iterator[str]:
    url = f"unix://{folder}/docker.sock"
    runsc = shutil.which("runsc")
    runtimes = {"runsc": {"path": runsc, "runtimeArgs": ["--network=none"]}} if runsc else {}
    (folder / "daemon.json").write_text(json.dumps({"runtimes": runtimes}))
    options = {
        "config-file": folder / "daemon.json",
        "data-root": folder / "data", "exec-root": folder / "exec", "pidfile": folder / "dockerd.pid", "host": url,
        "bridge": "none", "iptables": "false", "ip6tables": "false", "containerd-namespace": f"actlet-{secrets.token_hex(8)}",
    }  # fmt: skip
    command = ["dockerd", *(f"--{name}={value}" for name, value in options.items())]
    with _running(command, url, folder / "log"):
        yield url


@contextmanager
def _running(command: list[str], url: str, log: Path) -> Iterator[None]:
    """While a daemon runs that answers at `url`."""
    with open(log, "wb") as out:
        daemon = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(daemon, url, log)
        yield
    finally:
        daemon.terminate()
        with suppress(subprocess.TimeoutExpired):
            daemon.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()


def _wait(daemon: subprocess.Popen[bytes], url: str, log: Path) -> None:
    from docker.errors import DockerException

    import docker

    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and daemon.poll() is None:
        with suppress(DockerException):
            docker.APIClient(base_url=url, version="auto").close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"the engine doesn't start:\n{log.read_text()[-2000:]}")


def _end_all_of(folder: Path) -> None:
    """Kill the processes that have the folder in their command."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"{folder}/" in path.read_text(errors="replace") and int(path.parent.name) != os.getpid():
                os.kill(int(path.parent.name), signal.SIGKILL)


def _unmount(folder: Path) -> None:
    """What a container that was killed in the middle has left mounted."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((mount for mount in mounts if mount.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], capture_output=True)


if __name__ == "__main__":
    with private_engine() as address:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "DOCKER_HOST": address}).returncode)
