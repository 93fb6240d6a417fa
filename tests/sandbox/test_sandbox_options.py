"""The options of a sandbox: what each gives, what it still refuses, and what it won't be given at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actlet.errors import BoxError
from actlet.execution.sandbox import SandboxExecutor, paths
from actlet.execution.sandbox.pythons import python_at


@pytest.fixture
def make():
    """Boxes that are closed when the test ends."""
    made = []

    def box(**options):
        made.append(SandboxExecutor(**options))
        return made[-1]

    yield box
    for each in made:
        each.cleanup()


def value(box, code):
    output = box.run(code)
    assert output.error is None, output.error
    return output.output


# Paths


@pytest.fixture
def folder(place, request):
    """A folder that anybody may use."""
    made = place / request.node.name.replace("[", "-").replace("]", "")
    made.mkdir()
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize("namespaces", [True, False])
def test_a_readable_path_can_be_read_and_not_written(make, folder, namespaces):
    (folder / "a").write_text("text")
    (folder / "a").chmod(0o644)
    box = make(readable_paths=[str(folder)], namespaces=namespaces)
    assert value(box, f"open('{folder}/a').read()") == "text"
    assert box.run(f"open('{folder}/b', 'w')").error.type in ("PermissionError", "OSError")


@pytest.mark.parametrize("namespaces", [True, False])
def test_what_is_written_to_a_writable_path_stays(make, folder, namespaces):
    value(make(writable_paths=[str(folder)], namespaces=namespaces), f"open('{folder}/b', 'w').write('kept')")
    assert (folder / "b").read_text() == "kept"


def test_a_path_that_is_nobody_elses_can_be_used_all_the_same(make, tmp_path):
    """As root, whose workers are other users where they can be: here they can't."""
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "own" / "a").touch(mode=0o600)
    value(make(writable_paths=[str(tmp_path / "own")]), f"open('{tmp_path}/own/a', 'w').write('kept')")
    assert (tmp_path / "own" / "a").read_text() == "kept"


def test_a_link_is_resolved_when_the_box_is_made_and_not_later(make, folder):
    for name in ("first", "second"):
        (folder / name).mkdir()
        (folder / name / "which").write_text(name)
    link = folder / "link"
    link.symlink_to(folder / "first")
    box = make(readable_paths=[str(link)])
    link.unlink()
    link.symlink_to(folder / "second")
    assert value(box, f"open('{folder}/first/which').read()") == "first"
    assert box.run(f"open('{folder}/second/which').read()").error is not None


HOME = Path.home()


@pytest.mark.parametrize("path", ["/", "/etc", "/proc", "/proc/1", "/dev", "/tmp", str(HOME), str(HOME.parent)])
def test_a_path_that_holds_everything_is_refused(path):
    with pytest.raises(ValueError, match="readable_paths"):
        SandboxExecutor(readable_paths=[path])


@pytest.mark.parametrize("name", [".ssh", ".aws/credentials", ".netrc", ".config/gcloud", ".bashrc"])
def test_where_keys_are_kept_is_refused(name, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match="keys"):
        SandboxExecutor(readable_paths=[str(tmp_path / name)])


def test_a_link_to_where_keys_are_kept_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / "innocent").symlink_to(tmp_path / ".ssh")
    with pytest.raises(ValueError, match="keys"):
        SandboxExecutor(readable_paths=[str(tmp_path / "innocent")])


def test_a_cache_below_a_home_folder_may_be_given(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".cache" / "models").mkdir(parents=True)
    assert paths.readable_paths(["~/.cache/models"]) == (str(tmp_path / ".cache" / "models"),)


@pytest.mark.parametrize("path", ["/usr/share", "/etc/ssl", os.path.dirname(os.__file__)])
def test_what_programs_are_made_of_is_not_writable(path):
    with pytest.raises(ValueError, match="programs of this machine"):
        SandboxExecutor(writable_paths=[path])


def test_a_path_inside_of_a_writable_one_is_refused(tmp_path):
    (tmp_path / "inner").mkdir()
    with pytest.raises(ValueError, match="something else in its place"):
        SandboxExecutor(writable_paths=[str(tmp_path)], readable_paths=[str(tmp_path / "inner")])


# Python and its packages


def test_another_folder_of_packages_can_be_imported_from(make, folder):
    (folder / "actlet_extra.py").write_text("answer = 42")
    (folder / "actlet_extra.py").chmod(0o644)
    assert value(make(site_packages=[str(folder)]), "import actlet_extra; actlet_extra.answer") == 42


def other_pythons():
    """Interpreters of other versions that this machine has; this one, if there are none."""
    names = [shutil.which(f"python3.{minor}") for minor in range(9, 15)]
    found = [*filter(None, names), *map(str, HOME.glob(".pyenv/versions/3.*/bin/python3"))]
    return [path for path in found if is_other(path)] or [sys.executable]


def is_other(path):
    code = f"import sys; sys.exit(not ((3, 9) <= sys.version_info[:2] != {tuple(sys.version_info[:2])}))"
    return subprocess.run([path, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("path", other_pythons())
def test_another_python_runs_the_snippets(make, path):
    version = subprocess.check_output([path, "-c", "import sys; print(sys.version.split()[0])"], text=True).strip()
    assert value(make(python=path), "import sys; sys.version.split()[0]") == version


def test_a_python_that_is_too_old_is_refused(tmp_path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho \"[[3, 8], '', '', '', '', '', '']\"\n")
    old.chmod(0o755)
    with pytest.raises(BoxError, match=r"3\.8"):
        python_at(str(old))
