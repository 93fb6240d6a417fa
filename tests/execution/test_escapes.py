"""The corpus of hostile snippets that is kept beside the repository, against the local box.

The local box is no security boundary; this holds that accidents of these kinds don't get through all the same.
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SECURITY = Path(os.environ.get("SECURITY_CORPUS", HERE.parents[2] / "shared" / "security"))
SNIPPETS = sorted(path for path in SECURITY.glob("escapes/[01]*.py") if int(path.name[:3]) <= 113)
pytestmark = pytest.mark.skipif(not SNIPPETS, reason=f"the corpus is not at {SECURITY}: set SECURITY_CORPUS")

KNOWN_WITH_DEFAULT_IMPORTS = {
    108: "a variable of the snippet's own named like smolagents' counter; the local box has no such variable",
}
KNOWN_WITH_THEIR_IMPORTS = {
    *KNOWN_WITH_DEFAULT_IMPORTS,
    2, 10, 14, 66, 68, 70, 72,  # they are authorized to import posix, builtins, ctypes, pickle, zipfile, ...
    84, 88,  # pandas reads files and addresses: that is what it is for
}  # fmt: skip


def header(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^# ([a-z_]+): (.*)$", path.read_text(), re.MULTILINE))


class Listener:
    """Counts the connections to a port of this machine."""

    def __init__(self) -> None:
        self.hits = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                self.socket.accept()[0].close()
            except OSError:
                return
            self.hits += 1


def breach(path: Path, folder: Path, imports: list[str]) -> list[str]:
    """The markers of a breach that the host observed."""
    (folder / "work").mkdir(parents=True)
    secret, host_secret = f"FILESECRET-{os.urandom(6).hex()}", f"HOSTSECRET-{os.urandom(6).hex()}"
    (folder / "secret.txt").write_text(secret)
    listener = Listener()
    names = {
        "CANARY_FILE": str(folder / "canary"),
        "SECRET_FILE": str(folder / "secret.txt"),
        "WORK_DIR": str(folder / "work"),
        "CANARY_PORT": listener.socket.getsockname()[1],
        "LIM": {"WALL_S": 3, "MEM_MB": 512},
        "_IMPORTS": imports,
    }
    (folder / "vars.json").write_text(json.dumps(names))
    report_file = folder / "report.json"
    source = str(HERE.parents[1] / "src")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HOST_SECRET": host_secret,
        "PYTHONPATH": source,
    }
    command = [
        sys.executable,
        HERE / "escape_child.py",
        path,
        folder / "vars.json",
        report_file,
        SECURITY / "harness",
    ]
    try:
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=30)
        errors = done.stderr
    except subprocess.TimeoutExpired:
        return ["hang"]
    report = json.loads(report_file.read_text()) if report_file.exists() else None
    shown = json.dumps(report) + errors
    canary = folder / "canary"
    observed = {
        "file": canary.exists(),
        "secret": secret in shown,
        "hostmem": host_secret in shown or (canary.exists() and host_secret in canary.read_text(errors="replace")),
        "tcp": listener.hits > 0,
        "host_dead": report is None,
    }
    listener.socket.close()
    if report is not None:
        mutated = set(report["mutations"]) - ({"random.state"} - set(header(path).get("watch", "").split()))
        observed |= {
            "host_mutated": bool(mutated),
            "says": "BREACH" in report["logs"] + report["value"],
            "hang_after": report["str_wall"] > 2,
            "hang": report["wall"] > 6.5,
            "desync": not report["probe_ok"],
        }
    return [kind for kind in header(path)["breach"].replace(",", " ").split() if observed.get(kind)]


def breaches(tmp_path: Path, imports_of: dict[Path, list[str]]) -> dict[int, list[str]]:
    def one(path: Path) -> tuple[int, list[str]]:
        return int(path.name[:3]), breach(path, tmp_path / path.stem, imports_of[path])

    with ThreadPoolExecutor(2) as pool:
        return {number: kinds for number, kinds in pool.map(one, imports_of) if kinds}


def test_with_default_imports_no_snippet_gets_through_but_those_that_are_known(tmp_path):
    found = breaches(tmp_path, {path: [] for path in SNIPPETS})
    assert set(found) <= set(KNOWN_WITH_DEFAULT_IMPORTS), found


def test_with_the_imports_that_they_ask_for_only_what_is_known_gets_through(tmp_path):
    import importlib.util

    wanted = {}
    for path in SNIPPETS:
        imports = [name.strip() for name in header(path).get("imports", "").split(",") if name.strip()]
        if imports and all(importlib.util.find_spec(name.partition(".")[0]) for name in imports):
            wanted[path] = imports
    found = breaches(tmp_path, wanted)
    assert set(found) <= KNOWN_WITH_THEIR_IMPORTS, found
