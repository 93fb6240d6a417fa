"""The work folder of a kernel: what is told of it, whatever is in it."""

import os
import time

import pytest

from actlet.execution.kernel import Folder


@pytest.fixture
def folder(tmp_path):
    folder = Folder(str(tmp_path))
    folder.remember()
    return folder


def write(folder, name, text="1"):
    path = os.path.join(folder.path, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def test_files_made_at_once_after_a_look_are_told(folder):
    for number in range(50):
        write(folder, f"{number}.txt")
        assert folder.changed() == [f"{number}.txt"]
        os.unlink(os.path.join(folder.path, f"{number}.txt"))
        assert folder.changed() == []


@pytest.mark.parametrize("name", ["a.txt", "inner/a.txt", "inner/er/a.txt"])
def test_files_in_a_folder_that_has_long_been_empty_are_told(folder, name):
    os.makedirs(os.path.dirname(os.path.join(folder.path, name)), exist_ok=True)
    time.sleep(0.15)
    assert folder.changed() == folder.changed() == []
    write(folder, name)
    assert folder.changed() == [name]
    assert folder.changed() == []


def test_a_file_that_is_put_is_not_what_a_snippet_made(folder):
    time.sleep(0.15)
    folder.changed()
    folder.put("a/given.txt", b"1")
    assert folder.changed() == []
    write(folder, "a/given.txt", "more")
    assert folder.changed() == ["a/given.txt"]


def test_links_are_no_files_and_are_not_followed(folder, tmp_path):
    os.symlink("/etc", tmp_path / "link")
    os.symlink("/etc/hostname", tmp_path / "name")
    assert (folder.changed(), folder.files()) == ([], [])
    with pytest.raises(OSError, match="symbolic"):
        folder.get("name")


def test_a_pipe_is_not_waited_for(folder, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a file"):
        folder.get("pipe")


def test_of_too_many_files_nothing_is_told(tmp_path):
    folder = Folder(str(tmp_path), most=10)
    folder.remember()
    for number in range(12):
        write(folder, str(number))
    assert folder.changed() == []
    with pytest.raises(OSError, match="more than 10"):
        folder.files()


def test_all_of_it_is_removed_however_deep(folder, tmp_path):
    write(folder, "a/b/c/d.txt")
    os.symlink("/etc", tmp_path / "a" / "link")
    folder.clear()
    assert os.listdir(folder.path) == []
    assert os.path.exists("/etc/hostname")
