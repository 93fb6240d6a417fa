"""What a snippet in WebAssembly can't do, whatever it tries; and that each layer below Python holds by itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actlet.execution.wasm import WasmExecutor, runtime
from actlet.testing.conformance import error_of, run

pytestmark = pytest.mark.xdist_group("wasm")

SECRET = "a-secret-of-the-host"

REFUSED = {
    "reads a file of the host's": ("open({file!r}).read()", "FileNotFoundError"),
    "lists a folder of the host's": ("import os; os.listdir({folder!r})", "FileNotFoundError"),
    "starts a program": ("import subprocess; subprocess.run(['ls'])", "OSError"),
    "forks": ("import os; os.fork()", "OSError"),
    "starts a thread": ("import threading; threading.Thread(target=print).start()", "RuntimeError"),
    "connects": ("import socket; socket.create_connection(('127.0.0.1', {port}), 5)", "OSError"),
    "fetches": ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}/', timeout=5)", "URLError"),
    "imports JavaScript": ("import js", "ModuleNotFoundError"),
    "imports Pyodide's own functions": ("import pyodide_js", "ModuleNotFoundError"),
    "runs JavaScript": ("from pyodide.code import run_js\nrun_js('1')", "ModuleNotFoundError"),
    "fetches as Pyodide does": ("from pyodide.http import open_url\nopen_url('/')", "NameError"),
    "asks for more memory than there is": ("bytearray(1 << 30)", "MemoryError"),
    "fills the memory with files": (
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{{n}}', 'wb').write(bytes(50 << 20))", "OSError"),
    "reads what it is asked to type": ("input()", "EOFError"),
    "kills": ("import os; os.kill(1, 9)", "OSError|PermissionError"),
}  # fmt: skip

KILLED = {
    "forges a message": "import os\nos.write(os.open('/dev/host', os.O_RDWR), b'\\xff' * 64)",
    "forges the end of a snippet that doesn't run": (
        "import os\nm = b'{\"is\":\"done\",\"n\":1}'\nos.write(os.open('/dev/host', os.O_RDWR), len(m).to_bytes(4, 'big') + m)"
    ),
    "reads the host's messages away": "import os\nfd = os.open('/dev/host', os.O_RDWR)\nwhile True: os.read(fd, 100)",
    "waits for ever": "import os, struct\nos.write(os.open('/dev/wait', os.O_WRONLY), struct.pack('>d', 1e300))",
    "exits": "import os\nos._exit(0)",
    "overflows the stack of the engine": "x = []\nfor n in range(1_000_000): x = [x]\nrepr(x)",
    "breaks the interpreter": "import ctypes\nctypes.string_at(0xfffffff0, 100)",
}
"""Whatever these do, it ends: with an error of Python's, or the kernel's own end."""


@pytest.fixture(scope="module")
def box() -> Iterator[WasmExecutor]:
    box = WasmExecutor(timeout_seconds=10, memory_mb=256)
    yield box
    box.cleanup()


@pytest.fixture(scope="module")
def hasty() -> Iterator[WasmExecutor]:
    box = WasmExecutor(timeout_seconds=1.5)
    yield box
    box.cleanup()


@pytest.mark.parametrize("what", REFUSED)
def test_a_snippet_is_refused_what_isnt_its_own(what: str, box: WasmExecutor, tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    code, error = REFUSED[what]
    output = run(box, code.format(file=str(file), folder=str(tmp_path), port=22))
    assert error_of(output).type in error.split("|")
    box.reset()
    assert run(box, "1 + 1").output == 2


@pytest.mark.parametrize("what", KILLED)
def test_what_a_snippet_breaks_is_its_own_box(what: str, hasty: WasmExecutor) -> None:
    assert error_of(run(hasty, KILLED[what])).type
    assert run(hasty, "1 + 1").output == 2


def test_nothing_of_the_host_is_seen_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTLET_SECRET", SECRET)
    box = WasmExecutor()
    try:
        code = "import os, sys, platform, getpass\n[dict(os.environ), sys.argv, sys.path, platform.node(), os.getcwd(), os.listdir('/')]"
        seen = repr(run(box, code).output)
        assert SECRET not in seen
        assert str(Path.home()) not in seen
        assert os.uname().nodename not in seen
    finally:
        box.cleanup()


def test_no_object_of_javascript_can_be_found(box: WasmExecutor) -> None:
    code = """
    import gc, sys
    from pyodide.ffi import JsProxy
    found = [o for o in gc.get_objects() if isinstance(o, JsProxy)]
    tried = []
    for o in [*found, *[m for m in sys.modules.values() if isinstance(m, JsProxy)]]:
        try:
            tried.append(o.constructor.constructor('return 1')())
        except Exception as error:
            tried.append(type(error).__name__)
    1 in tried
    """
    assert run(box, textwrap.dedent(code)).output is False


def test_a_flood_of_output_of_c_code_ends_in_time() -> None:
    box = WasmExecutor(timeout_seconds=2)
    try:
        output = run(box, "import os\nwhile True: os.write(1, b'x' * 100_000)")
        assert error_of(output).type == "TimeoutError"
        assert len(output.logs) < 60_000
        assert run(box, "1").output == 1
    finally:
        box.cleanup()


PROBES = """
async function probe(say) {
  const kept = (name) => (globalThis[name] ?? globalThis["_" + name]) !== undefined;
  for (const name of ["Deno", "process", "fetch", "WebSocket", "Worker", "eval"]) say(`${name}: ${kept(name)}`);
  const attempt = async (name, job) => {
    try { say(`${name}: GOT ${await job()}`); } catch (error) { say(`${name}: refused`); }
  };
  await attempt("making code", () => (async () => {}).constructor("return 1")());
  await attempt("reading", async () => (await import("node:fs")).readFileSync("/etc/hosts", "utf8"));
  await attempt("reading the runtime", async () => (await import("node:fs")).readFileSync(FOLDER + "/kernel.py", "utf8"));
  await attempt("writing", async () => (await import("node:fs")).writeFileSync(FOLDER + "/written", "x"));
  await attempt("attaching", async () => {
    const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(":memory:").exec(`attach '${FOLDER}/attached' as x; create table x.t (a)`);
  });
  await attempt("environment", async () => (await import("node:process")).default.env.PATH);
  await attempt("programs", async () => (await import("node:child_process")).execSync("id"));
  await attempt("host name", async () => (await import("node:os")).hostname());
  await attempt("killing", async () => (await import("node:process")).default.kill(PARENT, 0));
  await attempt("libraries", async () => (await import("node:process")).default.dlopen({ exports: {} }, "/lib/libc.so.6"));
  await attempt("remote modules", () => import("http://127.0.0.1:1/module.js"));
  await attempt("packages", () => import("npm:left-pad"));
  await attempt("network", () => new Promise((got, refused) => {
    import("node:net").then((net) => net.connect(PORT, "127.0.0.1").on("connect", got).on("error", refused)).catch(refused);
  }));
}
"""
"""What is tried from JavaScript where Python runs, as if a snippet had got there."""


@pytest.mark.parametrize("isolated", [True, False], ids=["as it is", "with Deno's permissions alone"])
def test_reaching_javascript_buys_nothing(isolated: bool, tmp_path: Path) -> None:
    said = _probed(tmp_path / "runtime", isolated)
    tried = {name: result for name, result in said.items() if result not in ("true", "false")}
    assert len(tried) >= (8 if isolated else 13), said  # without what was taken away, trying may end the process
    assert set(tried.values()) == {"refused"}, said
    if isolated:
        assert {name for name, result in said.items() if result == "true"} == set(), said


def _probed(folder: Path, isolated: bool) -> dict[str, str]:
    """What each attempt came to, made in a copy of the runtime where Python would be started."""
    deno = runtime.find_deno()
    shutil.copytree(runtime.runtime(deno, (), None), folder)
    probes = PROBES.replace("FOLDER", f"{str(folder)!r}").replace("PARENT", str(os.getpid())).replace("PORT", "22")
    tell = "await probe((line) => send(new TextEncoder().encode(`${line}\\n`)));"
    _change(folder / "python.js", 'python.runPython("import actlet_guest; actlet_guest.serve()");', tell)
    with (folder / "python.js").open("a") as file:
        file.write(probes)
    if not isolated:
        names = '["process", "Deno", "Buffer", "global"]'
        _change(
            folder / "python.js",
            "  isolate();\n",
            f"  for (const n of {names}) globalThis[n] = globalThis[`_${{n}}`];\n",
        )
        _change(
            folder / "deno_worker.js",
            "  for (const name of",
            f"  for (const n of {names}) globalThis[`_${{n}}`] = globalThis[n];\n  for (const name of",
        )
    done = subprocess.run(
        [*runtime.command(deno, folder, "run", "64")], env=runtime.environment(), cwd=folder,
        stdin=_never_ending(), stdout=subprocess.PIPE, check=False, timeout=300,
    )  # fmt: skip
    assert {path.name for path in folder.iterdir()} & {"written", "attached"} == set()
    return dict(line.split(": ", 1) for line in done.stdout.decode().splitlines())


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, (file.name, old)
    file.write_text(text.replace(old, new))


def _never_ending() -> int:
    """The reading end of a pipe that stays open as long as these tests run."""
    read, _ = os.pipe()
    return read


def test_memory_beside_pythons_is_limited_too(box: WasmExecutor) -> None:
    run(box, "1")
    process: Any = box._process
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max data size")]
    assert int(line.split()[3]) == (256 + 64 + 2048) << 20


HOST = """
import sys, time
from actlet.execution.wasm import WasmExecutor
box = WasmExecutor(timeout_seconds=None)
box.start()
print(box._process.pid, flush=True)
box.submit("while True: pass", print)
time.sleep(600)
"""


def test_a_host_that_is_killed_leaves_no_process() -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True)
    try:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        host.send_signal(signal.SIGKILL)
        host.wait()
        for _ in range(600):
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.1)
        raise AssertionError(f"process {pid} runs on")
    finally:
        host.kill()
        host.wait()
        host.stdout.close()
