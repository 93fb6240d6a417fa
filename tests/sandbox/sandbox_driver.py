"""Runs snippets in workers, as whoever starts it: JSON on standard input, JSON on standard output.

In: a list of requests {code, namespaces, skip, limits}. Out: for each {out, ended, reason, report, error}.
"""

import json
import os
import select
import sys
from pathlib import Path

from actlet.execution.sandbox import workers
from actlet.execution.sandbox.workers import Limits, Options

PROGRAM = str(Path(__file__).parent / "raw_program.py")


def perform(request: dict) -> dict:
    options = Options(
        namespaces=request.get("namespaces", True),
        program=PROGRAM,
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in request.get("options", {}).items()
        },
    )
    try:
        worker = workers.fork(options, Limits(**request.get("limits", {})), tuple(request.get("skip", ())))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        os.write(worker.write, request["code"].encode() + b"\0")
        out = read(worker.read, request.get("seconds", 120))
        worker.kill()
        return {"out": out, "ended": worker.ended(60), "reason": worker.reason, "report": worker.report}
    finally:
        worker.close()
        os.close(worker.read)
        os.close(worker.write)


def read(descriptor: int, seconds: float) -> str:
    text, poll = b"", select.poll()
    poll.register(descriptor, select.POLLIN)
    while poll.poll(seconds * 1000):
        part = os.read(descriptor, 65_536)
        if not part:
            break
        text += part
    return text.decode()


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if path]
    results = [perform(request) for request in json.load(sys.stdin)]
    workers.close_all()
    print(json.dumps(results))
