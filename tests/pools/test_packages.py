"""Packages are installed once, whole or not at all, and found by the boxes that asked for them."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from local_package import write_package

from actlet import CodeAgent
from actlet.errors import BoxError
from actlet.execution.packages import actlet_cache, checked_requirements, site_packages
from actlet.execution.sandbox import SandboxExecutor
from actlet.testing import ProcessExecutor, ScriptedModel

SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTLET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def project(tmp_path):
    return write_package(tmp_path / "greeting")


def builds(project):
    """How often the package was built. pip builds a local folder where it is."""
    return (Path(project.partition("file://")[2]) / "builds.txt").read_text().count("built")


def test_the_cache_is_the_users_unless_it_is_said_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("ACTLET_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert actlet_cache() == tmp_path / "actlet"
    monkeypatch.setenv("ACTLET_CACHE", str(tmp_path / "mine"))
    assert actlet_cache() == tmp_path / "mine"


def test_packages_are_installed_once_and_found_again(cache, project):
    said = []
    folder = site_packages([project], progress=said.append)
    assert (folder / "greeting.py").exists()
    assert folder.parent == cache / "packages"
    assert any("Successfully installed greeting" in line for line in said)
    again = []
    assert site_packages([project, f" {project} "], progress=again.append) == folder
    assert (again, builds(project)) == ([], 1)


def test_other_requirements_have_another_folder_and_the_same_python_by_another_name_has_not(
    cache, tmp_path, project
):
    folder = site_packages([project], progress=None)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    assert site_packages([project], python=str(tmp_path / "bare" / "bin" / "python"), progress=None) == folder
    assert site_packages([f"{project} ; python_version > '3'"], progress=None) != folder


def test_no_requirements_are_a_mistake(cache):
    with pytest.raises(ValueError, match="no packages"):
        site_packages([])


@pytest.mark.parametrize("wrong", ["--index-url=http://x", "", "a\nb"])
def test_what_is_no_requirement_is_refused(wrong):
    with pytest.raises(ValueError, match="is no requirement"):
        checked_requirements([wrong])


def test_a_string_is_no_list_of_requirements():
    with pytest.raises(TypeError, match="must be a list"):
        checked_requirements("numpy")


def test_a_package_that_does_not_exist_is_named_and_leaves_nothing(cache, tmp_path):
    missing = f"nothere @ file://{tmp_path}/nothere"
    with pytest.raises(BoxError, match=r"nothere .*could not be installed.*Check names"):
        site_packages([missing], progress=None)
    assert [path.suffix for path in (cache / "packages").iterdir()] == [".lock"]


def test_a_python_without_pip_is_told_with_the_remedy(cache, tmp_path, project):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    with pytest.raises(BoxError, match="ensurepip"):
        site_packages([project], python=str(tmp_path / "bare" / "bin" / "python"), progress=None)


INSTALL = "import sys\nfrom actlet.execution.packages import site_packages\nprint(site_packages(sys.argv[1:]))"


def installing(project, **env):
    return subprocess.Popen(
        [sys.executable, "-c", INSTALL, project], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCES), **env}, start_new_session=True,
    )  # fmt: skip


def test_processes_and_threads_that_want_the_same_wait_for_one(cache, project):
    others = [installing(project, BUILD_SECONDS="1") for _ in range(2)]
    folders = []
    threads = [threading.Thread(target=lambda: folders.append(site_packages([project]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for process in others:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        folders.append(Path(out.strip()))
    assert len(folders) == 4
    assert len(set(folders)) == 1
    assert builds(project) == 1


def test_an_installation_that_was_killed_is_never_used_and_is_cleared_away(cache, project):
    process = installing(project, BUILD_SECONDS="600")
    for line in process.stderr:  # until pip is at it
        if "Processing" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    left = [path.name for path in (cache / "packages").iterdir() if "making" in path.name]
    assert len(left) == 1
    folder = site_packages([project], progress=None)
    assert sorted(path.name for path in (cache / "packages").iterdir()) == [folder.name, f"{folder.name}.lock"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [(ProcessExecutor, {}), (SandboxExecutor, {}), (SandboxExecutor, {"namespaces": False})],
    ids=["process", "sandbox", "sandbox without namespaces"],
)
def test_boxes_find_their_packages_and_others_do_not(cache, project, kind, options):
    said = []
    box, other = kind(packages=[project], progress=said.append, **options), kind(**options)
    again = box.fresh()
    try:
        assert said == []
        assert box.run("import greeting\ngreeting.hello()").output == "hello from the package"
        assert any("Successfully installed greeting" in line for line in said)
        assert again.run("import greeting\ngreeting.hello()").output == "hello from the package"
        assert other.run("import greeting").error.type == "ModuleNotFoundError"
    finally:
        for each in (box, again, other):
            each.cleanup()


def test_a_package_that_cannot_be_had_is_an_error_of_the_run(cache, tmp_path):
    model = ScriptedModel(["<code>\n1\n</code>"])
    options = {"packages": [f"nothere @ file://{tmp_path}/nothere"], "progress": None}
    agent = CodeAgent(tools=[], model=model, verbosity_level=0, executor_type="sandbox", executor_kwargs=options)
    with pytest.raises(BoxError, match=r"nothere .*could not be installed"):
        agent.run("Go.")


def test_the_prompt_names_the_packages():
    agent = CodeAgent(
        tools=[],
        model=ScriptedModel([]),
        executor_type="sandbox",
        executor_kwargs={"packages": ["numpy>=2", "pillow"]},
    )
    told = "all of Python's standard library, those of the package numpy>=2, those of the package pillow"
    assert f"Modules that can be imported: {told}" in agent.system_prompt
