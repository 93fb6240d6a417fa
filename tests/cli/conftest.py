import pytest
from command_support import Command
from local_package import write_package
from openai_server import Answer, OpenAIServer


@pytest.fixture
def actlet(tmp_path) -> Command:
    return Command(tmp_path)


@pytest.fixture
def package(tmp_path) -> str:
    """A requirement that pip can install without any index."""
    return write_package(tmp_path / "greeting")


@pytest.fixture
def serve():
    """Start a model that answers with these texts (or `Answer`s), in order. Gives the server and its --model."""
    servers = []

    def start(*answers):
        server = OpenAIServer([a if isinstance(a, Answer) else Answer(a) for a in answers])
        servers.append(server)
        return server, ("--model", f"{server.url}:stand-in")

    yield start
    for server in servers:
        server.close()
