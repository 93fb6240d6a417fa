from time import perf_counter

import pytest


def test_help_is_there_at_once_with_examples_and_exit_codes(actlet):
    started = perf_counter()
    done = actlet("--help")
    assert perf_counter() - started < 1  # about 0.05 s; the limit leaves room for a busy machine
    assert done.returncode == 0
    for told in ("run", "chat", "demo", "doctor", "examples:", "exit codes:", "130"):
        assert told in done.stdout


@pytest.mark.parametrize("command", ["run", "chat", "demo", "doctor"])
def test_every_command_has_help(actlet, command):
    done = actlet(command, "--help")
    assert done.returncode == 0
    assert f"usage: actlet {command}" in done.stdout


def test_no_command_shows_the_help_and_is_an_error(actlet):
    done = actlet()
    assert done.returncode == 2
    assert "usage: actlet" in done.stderr
    assert done.stdout == ""


def test_an_unknown_command_is_an_error(actlet):
    assert actlet("fly").returncode == 2


def test_version_is_printed(actlet):
    done = actlet("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("actlet 0.")
