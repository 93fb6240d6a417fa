"""The docker box does what every box does."""

from __future__ import annotations

from typing import Any

import pytest
from private_engine import IMAGE

from actlet.execution.docker import DockerExecutor
from actlet.testing import BoxConformance

pytestmark = pytest.mark.xdist_group("docker")  # one worker starts one engine for all


@pytest.fixture(scope="module")
def options(engine_url: str) -> dict[str, Any]:
    """Those of a box with the libraries whose values cross; they are installed here, before any time is taken."""
    packages = ("numpy", "pandas", "pillow")
    options = {"base_url": engine_url, "image": IMAGE, "packages": packages, "packages_network": "host"}
    DockerExecutor(**options).prepare()
    return options


class TestDocker(BoxConformance):
    @pytest.fixture(autouse=True)
    def _options(self, options: dict[str, Any]) -> None:
        self.options = options

    def make_box(self, **options: Any) -> DockerExecutor:
        return DockerExecutor(**self.options, **options)
