"""The docker box does what every box does."""

from __future__ import annotations

from typing import Any

import pytest
from private_engine import IMAGE

from actlet.execution.docker import DockerExecutor
from actlet.testing import BoxConformance


class TestDocker(BoxConformance):
    @pytest.fixture(autouse=True)
    def _engine(self, engine_url: str) -> None:
        self.engine_url = engine_url

    def make_box(self, **options: Any) -> DockerExecutor:
        packages = ("numpy", "pandas", "pillow")
        return DockerExecutor(
            base_url=self.engine_url, image=IMAGE, packages=packages, packages_network="host", **options
        )
