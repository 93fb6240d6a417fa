"""Runs whose workers are killed at random moments: none hangs, none is lost without the reason, nothing is left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from docker_engine import IMAGE

PROGRAM = Path(__file__).with_name("chaos.py")
SOURCES = Path(__file__).parents[2] / "src"


def chaos(*options):
    """The report of the program; what is in it that must not be is said with its seed."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *options], capture_output=True, text=True, timeout=1200,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    report = json.loads(done.stdout)
    assert report["problems"] == {}
    assert report["answered"] + report["failed, with the reason"] == report["runs"]
    assert not any(report["left behind"].values())
    return report


def test_a_thousand_runs_in_sandboxes_and_processes_with_and_without_pools():
    report = chaos("--runs", "1000")
    assert report["answered"] > report["runs"] / 2
    assert report["workers killed"] > report["runs"] / 10


@pytest.mark.xdist_group("docker")
def test_runs_in_containers(docker_url):
    chaos(
        "--boxes", "docker", "--docker", docker_url, "--image", IMAGE, "--runs", "16", "--at-once", "4",
        "--kills-per-second", "3",
    )  # fmt: skip


@pytest.mark.xdist_group("wasm")
def test_runs_in_webassembly():
    chaos("--boxes", "wasm", "--runs", "8", "--at-once", "2", "--kills-per-second", "1")
