from docker_engine import docker_url  # noqa: F401  a fixture
