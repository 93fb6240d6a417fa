"""The text of Seatbelt's profile. There is no Mac here: that it holds is not tested."""

import os
import re

from actlet.execution.sandbox.seatbelt import profile
from actlet.execution.sandbox.workers import Options


def rules(text):
    """The operations that each line of the profile allows or denies, and the paths that it names."""
    return [(line.split()[0], line, re.findall(r'"((?:[^"\\]|\\.)*)"', line)) for line in text.splitlines()]


def allowed(text, operation):
    return [path for _, line, paths in rules(text) if f" {operation} " in line for path in paths]


def test_everything_is_denied_that_is_not_allowed():
    assert profile(Options(), "/box").splitlines()[:2] == ["(version 1)", "(deny default)"]


def test_every_line_is_closed():
    text = profile(Options(network=("a",), subprocesses=True), "/box", 8080)
    assert all(line.startswith("(") and line.count("(") == line.count(")") for line in text.splitlines())


def test_only_the_private_folder_and_the_paths_given_are_written(tmp_path):
    text = profile(Options(writable=(str(tmp_path),)), "/box")
    assert allowed(text, "file-write*") == ["/box", str(tmp_path)]


def test_what_is_read_is_python_the_system_and_the_paths_given(tmp_path):
    read = allowed(profile(Options(readable=(str(tmp_path),)), "/box"), "file-read*")
    assert str(tmp_path) in read
    assert os.path.realpath(os.path.dirname(os.__file__)) in read
    assert not {"/", "/etc", os.path.expanduser("~"), "/Users"} & set(read)


def test_there_is_no_network_and_no_new_process_unless_asked_for():
    text = profile(Options(), "/box")
    assert "network" not in text
    assert "process-fork" not in text


def test_a_network_is_the_proxy_and_nothing_else():
    text = profile(Options(network=("pypi.org",)), "/box", 8080)
    assert [line for line in text.splitlines() if "network" in line] == [
        '(allow network-outbound (remote ip "localhost:8080"))'
    ]


def test_subprocesses_may_be_started_when_asked_for():
    text = profile(Options(subprocesses=True), "/box")
    assert "(allow process-fork)" in text
    assert "/bin" in " ".join(allowed(text, "process-exec"))


def test_a_path_can_not_end_its_own_quotes():
    text = profile(Options(readable=('/a") (allow default) (subpath "/b', "/c\\")), "/box")
    assert "(allow default)" not in re.sub(r'"((?:[^"\\]|\\.)*)"', "", text)
