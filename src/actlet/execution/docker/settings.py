"""What a container may do and use: the settings of a box, and what they are in the engine's words.

The rule: a container gets nothing that isn't written here. What a user adds by `container_run_kwargs` is limited to
what `EXTRAS` lists; what would hand the machine to a snippet is refused, whoever asks for it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import Engine

WORK = "/box"
"""The work folder: where snippets run, and put their files. The kernel goes there by itself: if it were the
container's working directory, the engine would make it in the image, and some runtimes give what is mounted there
the rights of what was there before, which is root's."""

UIDS = range(30_000, 60_000)
"""A container's user is one of these: no user of an ordinary machine, and seldom that of another container, with
which it would share the kernel's per-user limits."""

EXTRAS = frozenset({
    "cpuset_cpus", "cpuset_mems", "cpu_shares", "device_requests", "dns", "dns_search", "extra_hosts", "group_add",
    "mem_limit", "memswap_limit", "mounts", "nano_cpus", "network_mode", "oom_score_adj", "pids_limit", "runtime",
    "shm_size", "storage_opt", "ulimits", "volumes",
})  # fmt: skip
"""The keywords of `docker.containers.run` that `container_run_kwargs` may have, beside `CONFIG`."""

CONFIG = frozenset({"environment", "hostname", "user"})

REFUSED = {
    **dict.fromkeys(("ports", "publish_all_ports"), "no port is needed: the kernel is reached through the engine"),
    **dict.fromkeys(("command", "entrypoint", "stdin_open", "tty"), "the box starts its own kernel"),
    **dict.fromkeys(
        ("auto_remove", "detach", "remove", "restart_policy"), "the box ends and removes its containers"
    ),
    **dict.fromkeys(("labels", "name"), "the box finds its containers by its own labels"),
    "image": "use image=",
    "working_dir": f"the work folder is {WORK}",
    **dict.fromkeys(
        ("cap_add", "devices", "ipc_mode", "pid_mode", "privileged", "security_opt", "userns_mode", "uts_mode"),
        "it would open the machine to the snippets",
    ),
}
"""Keywords that are refused, and why."""

SOCKETS = ("docker.sock", "podman.sock", "containerd.sock", "crio.sock")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the containers of a box are like. `network` is an engine's network ("none", "bridge", a name);
    `extras` are keywords of `docker.containers.run`.

    Raises `ValueError` for what makes no sense or isn't allowed.
    """

    python: str
    memory_mb: int
    cpus: float
    max_processes: int
    disk_mb: int
    max_files: int
    network: str
    runtime: str | None
    extras: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in ("memory_mb", "max_processes", "disk_mb", "max_files"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} must be a whole number above 0; it is {value!r}")
        if not self.cpus > 0:
            raise ValueError(f"cpus must be above 0; it is {self.cpus!r}")
        if self.disk_mb >= self.memory_mb:
            raise ValueError(
                f"disk_mb={self.disk_mb!r} must be below memory_mb={self.memory_mb!r}: the work folder is in memory"
            )
        _check_network(self.network)
        _check_extras(self.extras)


def _check_extras(extras: Mapping[str, Any]) -> None:
    for name, value in extras.items():
        if name not in EXTRAS | CONFIG:
            reason = REFUSED.get(name, f"there is: {', '.join(sorted(EXTRAS | CONFIG))}")
            raise ValueError(f"container_run_kwargs can't have {name!r}: {reason}")
        if name in ("mounts", "volumes") and any(socket in str(value) for socket in SOCKETS):
            raise ValueError(f"{name}={value!r}: with an engine's socket a snippet owns this machine")
        if name == "network_mode":
            _check_network(value)
        if name == "user" and {"0", "root"} & set(str(value).split(":")):
            raise ValueError(
                f"user={value!r}: what root writes to a shared folder may be a program with root's rights"
            )


def _check_network(network: str) -> None:
    if network == "host" or network.startswith(("container:", "ns:")):
        raise ValueError(f"network={network!r} would open a network that isn't the box's own to the snippets")


def _host_config(engine: Engine, settings: Settings) -> dict[str, Any]:
    """What the engine is to allow and limit."""
    from docker.types import LogConfig

    given = {name: value for name, value in settings.extras.items() if name not in CONFIG}
    volumes = given.pop("volumes", None)
    memory = settings.memory_mb << 20
    files = f",nr_inodes={settings.max_files}" if engine.kind == "Docker" else ""  # memory limits them, in podman
    options = {
        "network_mode": settings.network,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],  # and the engine's own seccomp and AppArmor profiles
        "ipc_mode": "private",
        "mem_limit": memory,
        "memswap_limit": memory,  # memory and swap together: none of it may be swap
        "nano_cpus": int(settings.cpus * 1e9),
        "pids_limit": settings.max_processes,
        "oom_score_adj": 500,
        "ulimits": process_limits(settings.max_processes),
        "shm_size": 64 << 20,
        "tmpfs": {
            WORK: f"rw,nosuid,nodev,exec,mode=1777,size={settings.disk_mb}m{files}",
            "/tmp": f"rw,nosuid,nodev,noexec,mode=1777,size=64m{files}",
        },
        "log_config": LogConfig(type="none"),
        "init": True,
        "auto_remove": True,
        "runtime": settings.runtime,
        "binds": volumes,
        **given,
    }
    config: dict[str, Any] = engine.api.create_host_config(**{k: v for k, v in options.items() if v is not None})
    return config


def process_limits(processes: int) -> list[Any]:
    """What each process is limited to. The limit on their number counts all of a user's, so it is far above that of
    a container (which has `processes`); it is there because podman would ask for one that may not be set."""
    from docker.types import Ulimit

    limits = {"core": 0, "nofile": 1024, "nproc": max(4096, processes)}
    return [Ulimit(name=name, soft=limit, hard=limit) for name, limit in limits.items()]


def container_config(
    engine: Engine, settings: Settings, image: str, args: list[str], labels: dict[str, str]
) -> dict[str, Any]:
    """A container that runs `args` with the image's Python, connected by its standard input and output."""
    uid, extras = random.choice(UIDS), settings.extras
    config: dict[str, Any] = engine.api.create_container_config(
        image,
        args,
        entrypoint=[settings.python],
        user=extras.get("user", f"{uid}:{uid}"),
        hostname=extras.get("hostname", "box"),
        environment={**_environment(settings), **_pairs(extras.get("environment"))},
        stdin_open=True,
        labels=labels,
        host_config=_host_config(engine, settings),
    )
    config["StdinOnce"] = True  # when this process ends, however it does, the kernel reads the end and exits
    return config


def _environment(settings: Settings) -> dict[str, str]:
    """Its user has no entry in the image's `passwd`. Numeric libraries start a thread for each core that they
    see, which are those of the machine."""
    threads = str(math.ceil(settings.cpus))
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {"HOME": "/tmp", "USER": "box", "LOGNAME": "box", **dict.fromkeys(names, threads)}


def _pairs(environment: Any) -> dict[str, str]:
    """The environment as `docker.containers.run` takes it: a mapping, or a list of NAME=value."""
    if isinstance(environment, list):
        return dict(entry.partition("=")[::2] for entry in environment)
    return dict(environment or {})
