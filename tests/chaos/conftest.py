import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from docker_engine import docker_url  # noqa: F401  a fixture
