"""Which settings a docker box takes, and which it refuses. No engine is needed."""

from __future__ import annotations

from typing import Any

import pytest

from actlet.execution.docker import DockerExecutor


@pytest.mark.parametrize(
    "options",
    [{"memory_mb": 0}, {"memory_mb": 1.5}, {"cpus": 0}, {"max_processes": 0}, {"disk_mb": -1}, {"max_files": 0},
     {"disk_mb": 512, "memory_mb": 512}, {"warm": -1}, {"warm": True}, {"packages": ["-r x"]}, {"network": "host"},
     {"network": "container:x"}, {"allow_pickle": True}, {"timeout_seconds": 0}],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        DockerExecutor(**options)


@pytest.mark.parametrize(
    "extra",
    [{"privileged": True}, {"cap_add": ["SYS_ADMIN"]}, {"devices": ["/dev/kvm"]}, {"pid_mode": "host"}, {"ipc_mode": "host"},
     {"security_opt": ["seccomp=unconfined"]}, {"userns_mode": "host"}, {"network_mode": "host"}, {"ports": {8888: 8888}},
     {"volumes": {"/var/run/docker.sock": {"bind": "/x"}}}, {"volumes": ["/run/podman/podman.sock:/x"]},
     {"auto_remove": False}, {"entrypoint": "sh"}, {"user": "0:0"}, {"user": "root"}, {"network_mode": "ns:/proc/1/ns/net"}, {"labels": {}}, {"nonsense": 1}],
    ids=str,
)  # fmt: skip
def test_what_would_open_the_machine_or_break_the_box_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"container_run_kwargs|socket|host|network|user"):
        DockerExecutor(container_run_kwargs=extra)


def test_smolagents_parameters_are_taken() -> None:
    box = DockerExecutor(
        ["numpy"], object(), allow_pickle=False, host="127.0.0.1", port=8888, image_name="mine", build_new_image=False,
        container_run_kwargs={"mem_limit": "2g", "environment": {"A": "1"}}, dockerfile_content=None,
    )  # fmt: skip
    assert (box.source.image, box.settings.extras["mem_limit"]) == ("mine", "2g")


def test_a_fresh_box_has_the_same_settings() -> None:
    box = DockerExecutor(
        ["numpy"], image="mine", packages=["a", "b>=2"], memory_mb=100, cpus=2, max_processes=5, disk_mb=7, max_files=9,
        network="bridge", runtime="runsc", environment={"A": "1"}, warm=3, base_url="unix:///x", python="py",
        container_run_kwargs={"shm_size": "1m"}, timeout_seconds=3, packages_network="host", progress=None,
    )  # fmt: skip
    other = box.fresh()
    ours, theirs = (
        {
            name: found
            for name, found in vars(each).items()
            if name in ("settings", "source", "base_url", "warm", "_own", "timeout_seconds")
        }
        for each in (box, other)
    )
    assert ours == theirs
