"""The docker box: containers of Docker, podman, or whatever speaks Docker's API. See `executor.py`."""

from .executor import DockerExecutor

__all__ = ["DockerExecutor"]
