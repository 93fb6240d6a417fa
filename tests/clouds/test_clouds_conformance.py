"""The boxes in clouds, through the services' own SDKs against stand-ins of what they speak, held to what every box does."""

import pytest

from actlet.testing import BoxConformance


class InACloud(BoxConformance):
    @pytest.fixture(autouse=True)
    def _made_by(self, cloud):
        self.make_box = cloud.box


class TestE2B(InACloud):
    @pytest.fixture
    def cloud(self, e2b):
        return e2b


class TestModal(InACloud):
    @pytest.fixture
    def cloud(self, modal):
        return modal


class TestBlaxel(InACloud):
    @pytest.fixture
    def cloud(self, blaxel):
        return blaxel
