"""The host program: runs snippets in one kind of box, and writes down what it saw of each.

Usage: host.py BOX, with one request a line on standard input: {"snippet", "vars", "report"}. For each, the files
`<report>.started`, `<report>.ran` and `<report>` appear in that order. It is a process of its own, because a snippet
may end it.
"""

import ctypes
import gc
import json
import os
import sys
import time
from pathlib import Path

import hosttools
from adapters import adapter

KEPT = 200_000
MACHINE_CALLS = {"x86_64": (250, 248), "aarch64": (219, 217)}


def leave_bait(world):
    """Faults on purpose: an inheritable descriptor open on the secret, and a key in the session's keyring."""
    try:
        os.set_inheritable(os.open(world["SECRET_FILE"], os.O_RDONLY), True)
    except OSError:
        return
    keyctl, add_key = MACHINE_CALLS[os.uname().machine]
    key = world["_KEY"].encode()
    libc = ctypes.CDLL(None)
    libc.syscall(keyctl, 1, None)
    libc.syscall(add_key, b"user", b"canarykey", key, len(key), -3)


def write(path, text):
    """As an agent writes what it saw to its log: text that is none ends it."""
    Path(f"{path}.part").write_text(text, encoding="utf-8")
    os.replace(f"{path}.part", path)


def peak_mb():
    """The most memory that this process has had since `forget_peak`."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def judged(box, code, report, before):
    """Run a snippet, treat its value as an agent does, and see whether the box still works."""
    forget_peak()
    memory, began = peak_mb(), time.monotonic()
    said = box.run(code)
    seen = {"wall": time.monotonic() - began, "mutated": hosttools.mutations(before), "grown": peak_mb() - memory}
    write(f"{report}.ran", "")
    began = time.monotonic()
    seen["logs"], seen["error"] = said["logs"][:KEPT], str(said["error"])[:4_000]
    try:
        seen["value"] = str(said["value"])[:KEPT]
    except Exception as error:
        seen["value"] = f"<str() raised {type(error).__name__}>"
    sizes = [len(text) for text in (said["logs"], said["value"], said["error"]) if isinstance(text, (str, bytes))]
    seen |= {"type": type(said["value"]).__name__, "largest": max(sizes), "final": said["final"]}
    seen["files"] = said["files"][:100]
    write(f"{report}.log", said["logs"][:1_000] + seen["value"][:1_000] + seen["error"])
    seen["str_wall"] = time.monotonic() - began
    del said
    gc.collect()
    time.sleep(0.05)
    seen["mutated"] += hosttools.mutations(before)
    return seen | probed(box)


def probed(box):
    """Whether the next snippet of the same session is answered with what it gives, and nothing else."""
    nonce = os.urandom(4).hex()
    try:
        said = box.run(f"print('LOG-{nonce}')\nresult = 'PROBE-{nonce}'")
    except Exception as error:
        return {"in_step": False, "probe": f"{type(error).__name__}: {error}"}
    logs = [line for line in said["logs"].splitlines() if not line.startswith("(The box had ended")]
    fine = str(said["value"]) == f"PROBE-{nonce}" and logs == [f"LOG-{nonce}"] and not said["final"]
    return {"in_step": fine, "probe": "" if fine else {key: str(value)[:300] for key, value in said.items()}}


def tried(kind, request):
    report = request["report"]
    world = {**request["vars"], "HOST_PID": os.getpid()}
    code = Path(request["snippet"]).read_text()
    os.chdir(world["WORK_DIR"])
    box = adapter(kind, {name: value for name, value in world.items() if not name.startswith("_")})
    before = hosttools.snapshot()
    write(f"{report}.started", "")
    seen = judged(box, code, report, before)
    box.close()
    seen["mutated"] += hosttools.mutations(before)
    write(report, json.dumps(seen))


def main():
    baited = False
    for line in sys.stdin:
        request = json.loads(line)
        if not baited:
            leave_bait(request["vars"])
            baited = True
        tried(sys.argv[1], request)
    os._exit(0)


main()
