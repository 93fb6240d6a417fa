"""Where a box's image comes from, and what is said when it can't be had."""

from __future__ import annotations

import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from docker_support import Boxes, value
from private_engine import IMAGE, import_image

from actlet.errors import BoxError
from actlet.execution.docker import DockerExecutor
from actlet.execution.docker.engine import engine_at
from actlet.execution.docker.owner import OWNER
from actlet.testing.conformance import error_of, run

pytestmark = pytest.mark.xdist_group("docker")  # one worker starts one engine for all

VERSIONS = Path.home() / ".pyenv" / "versions"


def test_packages_are_installed_once_with_progress(make_box: Boxes, api: Any) -> None:
    lines: list[str] = []
    options = {"packages": ["iniconfig==2.0.0"], "packages_network": "host", "progress": lines.append}
    boxes = [make_box(**options) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(DockerExecutor.prepare, boxes))
    assert [value(box, "import iniconfig\niniconfig.__name__") for box in boxes] == ["iniconfig"] * 3
    assert [line for line in lines if "installing" in line] == [f"installing iniconfig==2.0.0 on {IMAGE}"]
    assert any("Successfully installed" in line for line in lines)
    lines.clear()
    assert value(make_box(**options), "import iniconfig\n1") == 1
    assert lines == []
    assert error_of(run(make_box(), "import iniconfig")).type == "ModuleNotFoundError"
    assert not [each for each in api.containers(all=True) if "sys.stdin.buffer.read" in each["Command"]]


def test_what_the_installer_is_told_is_not_kept_and_its_image_belongs_to_nobody(
    make_box: Boxes, api: Any, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "hunter2.invalid")
    box = make_box(packages=["iniconfig==1.1.1"], packages_network="host")
    box.prepare()
    assert "hunter2" not in value(box, "open('/proc/1/environ').read()")
    image = engine_at(engine_url).images[box.source]
    assert "hunter2" not in str(api.inspect_image(image)) + str(api.history(image))
    labels = api.inspect_image(image)["Config"]["Labels"]
    assert labels[OWNER] == ""  # or a sweep would remove what somebody runs from it
    assert labels["actlet.packages"] == "iniconfig==1.1.1"


def test_packages_that_cannot_be_had_are_an_error(make_box: Boxes) -> None:
    box = make_box(packages=["iniconfig==99.99"], packages_network="host", progress=None)
    with pytest.raises(BoxError, match="No matching distribution"):
        box.prepare()


def test_a_dockerfile_is_built_once(make_box: Boxes) -> None:
    lines: list[str] = []
    text = f"FROM {IMAGE}\nENV FROM_DOCKERFILE={uuid.uuid4()}\n"
    options = {"dockerfile_content": text, "progress": lines.append}
    assert value(make_box(**options), "import os\nos.environ['FROM_DOCKERFILE']") in text
    assert lines[0].startswith("building the image actlet/dockerfile:")
    lines.clear()
    assert value(make_box(**options), "1") == 1
    assert lines == []


def test_packages_come_on_top_of_a_dockerfile_and_pip_is_added_where_it_is_missing(make_box: Boxes) -> None:
    text = f"FROM {IMAGE}\nRUN python3 -m pip uninstall --yes pip\n"
    box = make_box(dockerfile_content=text, packages=["iniconfig==2.0.0"], packages_network="host", progress=None)
    box.prepare()
    assert value(box, "import iniconfig\n1") == 1


def test_a_dockerfile_that_cannot_be_built_says_why(make_box: Boxes) -> None:
    box = make_box(dockerfile_content=f"FROM {IMAGE}\nRUN python3 -c 'raise SystemExit(7)'\n", progress=None)
    assert "code: 7" in error_of(run(box, "1")).message


def test_an_image_that_cannot_be_pulled_says_what_to_do(make_box: Boxes) -> None:
    lines: list[str] = []
    box = make_box(image="registry.invalid/none:1", progress=lines.append)
    error = error_of(run(box, "1"))
    assert error.fatal
    assert "registry.invalid/none:1" in error.message
    assert "image=" in error.message
    assert lines == ["pulling the image registry.invalid/none:1"]


def test_an_image_without_that_python_says_what_to_do(make_box: Boxes) -> None:
    assert "python=" in error_of(run(make_box(python="python9"), "1")).message


def test_a_runtime_that_is_not_there_says_what_to_do(make_box: Boxes) -> None:
    assert "register the runtime" in error_of(run(make_box(runtime="runsc-none"), "1")).message


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_the_kernel_runs_on_other_pythons(make_box: Boxes, engine_url: str, version: str) -> None:
    image = image_of(engine_url, version)
    box = make_box(image=image)
    assert value(box, "import sys\n'%d.%d' % sys.version_info[:2]") == version
    assert value(box, "def f(n):\n    return [n, {n}, (n,)]\nf(2)") == [2, {2}, (2,)]


def test_a_python_that_is_too_old_says_so(make_box: Boxes, engine_url: str) -> None:
    error = error_of(run(make_box(image=image_of(engine_url, "3.8")), "1"))
    assert "needs Python 3.9 or later; this is 3.8" in error.message


def image_of(url: str, version: str) -> str:
    """An image of another Python of this machine's."""
    if version == "{}.{}".format(*sys.version_info):
        return IMAGE
    found = sorted(VERSIONS.glob(f"{version}.*"))
    if not found:
        pytest.skip(f"needs Python {version}: pyenv install {version}")
    name = f"actlet-test/python:{version}"
    import_image(url, name, found[-1])
    return name


def test_no_engine_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    box = DockerExecutor(base_url=f"unix://{tmp_path}/none.sock")
    with pytest.raises(BoxError, match=r"no container engine answers .*none\.sock.*start Docker.*actlet doctor"):
        box.start()


def test_check_says_whether_an_engine_answers(
    engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine_url)
    found = DockerExecutor.check()
    assert found.ok
    assert "seccomp" in found.detail
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    found = DockerExecutor.check()
    assert not found.ok
    assert "start Docker" in found.remedy
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("CONTAINER_HOST", engine_url)
    assert DockerExecutor.check().ok
