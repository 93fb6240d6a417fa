"""A thousand runs whose workers are killed at random moments: none hangs, none is lost without the reason."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("chaos.py")
SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def report():
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--runs", os.environ.get("ACTLET_CHAOS_RUNS", "1000")],
        capture_output=True, text=True, timeout=1200, env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return json.loads(done.stdout)


def test_no_run_hangs_and_none_is_lost_without_the_reason(report):
    assert report["problems"] == {}
    assert report["answered"] + report["failed, with the reason"] == report["runs"]


def test_most_runs_get_to_their_answer_all_the_same(report):
    assert report["answered"] > report["runs"] / 2


def test_workers_were_killed_in_great_number(report):
    assert report["workers killed"] > report["runs"] / 10


def test_nothing_is_left_behind(report):
    assert not any(report["left behind"].values()), report["left behind"]
