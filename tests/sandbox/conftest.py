"""Who runs the sandbox in these tests: root, an ordinary user, and one to whom the machine refuses namespaces."""

import json
import os
import shutil
import subprocess
import sys
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


class Someone:
    """Runs requests of `sandbox_driver.py` as one kind of user."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.root = kind == "root"
        self.identity: dict = {}
        self.python: str | None = sys.executable
        if os.geteuid() == 0 and not self.root:
            self.identity = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []}
            self.python = python_for(ORDINARY)
        if self.root and os.geteuid() != 0:
            pytest.skip("only root can try this as root")
        if self.python is None:
            pytest.skip("there is no Python that an ordinary user may execute")
        if not os.access(SOURCE, os.R_OK):
            pytest.skip("an ordinary user can't read the sources")

    def run(self, *requests: dict) -> list[dict]:
        command = [self.python, str(HERE / "sandbox_driver.py")]
        if self.kind == "refused":
            command = [self.python, str(HERE / "refusing.py"), *command]
        done = subprocess.run(
            command,
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(SOURCE), "CANARY_SECRET": "canary-7c1f", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            timeout=120,
            **self.identity,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def say(self, code: str, **request: object) -> str:
        """What one worker prints; its zygote must have started."""
        result = self.run({"code": code, **request})[0]
        assert "error" not in result, result["error"]
        return result["out"].strip()


@pytest.fixture(scope="session", params=["root", "user", "refused"])
def someone(request):
    """Each kind of user in turn."""
    return Someone(request.param)


@pytest.fixture(scope="session")
def user():
    """An ordinary user, to whom the machine gives the namespaces that it gives."""
    return Someone("user")


@pytest.fixture(scope="session")
def outside(tmp_path_factory):
    """A folder that anybody may read and write, with a secret in it."""
    folder = Path(shutil.os.environ.get("TMPDIR", "/tmp")) / f"sandbox-tests-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "secret").write_text("the secret")
    (folder / "secret").chmod(0o666)
    yield folder
    shutil.rmtree(folder)
