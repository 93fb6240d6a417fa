"""Who runs the sandbox in these tests: root, an ordinary user, and both where the machine refuses them namespaces.

Nothing here needs an account: the ordinary user is a uid that nobody has, with a copy of the sources that anybody
may read, wherever the repository lies.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
ORDINARY = 54_321
"""A uid that nobody has."""


def python_for(user: int) -> str | None:
    """A Python of this package's versions that `user` can execute."""
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        test = "import sys; sys.exit(sys.version_info < (3, 11))"
        try:
            if subprocess.run([path, "-c", test], user=user, group=user, extra_groups=[], cwd="/").returncode == 0:
                return path
        except OSError:
            continue
    return None


KINDS = ["root", "root, namespaces", "user", "user, namespaces", "user, mounts"]
"""Who it is, and what is refused."""


class Someone:
    """Runs requests of `sandbox_driver.py` as one of `KINDS`."""

    def __init__(self, kind: str, place: Path) -> None:
        self.refused = kind.partition(", ")[2]
        self.root = kind.startswith("root")
        self.place = place
        self.identity: dict = {}
        self.python: str | None = sys.executable
        # root's workers are users, who must be able to read Python where there are no mounts
        if os.geteuid() == 0 and kind != "root":
            self.python = python_for(ORDINARY)
        if os.geteuid() == 0 and not self.root:
            self.identity = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []}
        if self.root and os.geteuid() != 0:
            pytest.skip("only root can try this as root")
        if self.python is None:
            pytest.skip("there is no Python that an ordinary user may execute")

    def run(self, *requests: dict) -> list[dict]:
        here = self.place / "tests"
        command = [self.python, str(here / "sandbox_driver.py")]
        if self.refused:
            command = [self.python, str(here / "refusing.py"), *command]
        done = subprocess.run(
            command,
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            env={
                "REFUSED": self.refused,
                "PYTHONPATH": str(self.place / "src"),
                "CANARY_SECRET": "canary-7c1f",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            cwd="/",
            timeout=600,
            **self.identity,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def say(self, code: str, **request: object) -> str:
        """What one worker prints; its zygote must have started."""
        result = self.run({"code": code, **request})[0]
        assert "error" not in result, result["error"]
        return result["out"].strip()


@pytest.fixture(scope="session", params=KINDS)
def someone(request, place):
    """Each kind of user in turn."""
    return Someone(request.param, place)


@pytest.fixture(scope="session")
def user(place):
    """An ordinary user, to whom the machine gives the namespaces that it gives."""
    return Someone("user", place)


@pytest.fixture(scope="session")
def place():
    """A folder that anybody may read, with these tests and the sources."""
    folder = Path(tempfile.mkdtemp(prefix="sandbox-tests-"))
    folder.chmod(0o755)
    shutil.copytree(SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE, folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def outside(place):
    """A folder that anybody may read and write, with a secret in it."""
    folder = place / "outside"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "secret").write_text("the secret")
    (folder / "secret").chmod(0o666)
    return folder
