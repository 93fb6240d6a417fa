"""One class for each kind of box, all with the same two methods: `run(code)` gives what the host saw, `close()`.

`ADAPTERS` names them. `plain`, `naive` and `credulous` are no boxes of ours but baselines, which every snippet has
to get through: code run in the host, a worker behind a careless protocol, and our own kernel behind a host that
believes what it says. An adapter also sends what a snippet needs to forge messages: frames made by our own encoder.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import hosttools

from actlet.execution import kernel, protocol
from actlet.execution.box import CodeOutput
from actlet.execution.kernel import LIMITS, Codec, Limits, frame
from actlet.execution.local import LocalPythonExecutor
from actlet.execution.offers import offers_of
from actlet.execution.process import ProcessExecutor
from actlet.execution.protocol import RemoteBox
from actlet.execution.remote_snippet import Snippet
from actlet.execution.sandbox import SandboxExecutor, workers

HERE = Path(__file__).parent
HOST_OBJECTS = {name: getattr(hosttools, name) for name in ("HOST_LIST", "HOST_CONFIG", "HOST_OBJ")}
FORK = workers.fork
NO_FRAMES = {
    "PROTO": "none",
    "RESULT_TMPL": "",
    "FORGED_FRAMES": [],
    "CALL_FRAMES": [],
    "PICKLE_FRAMES": [],
    "RUN": 1,
}


def seen(
    logs: str = "", value: Any = None, error: str | None = None, final: bool = False, files: Any = ()
) -> dict[str, Any]:
    """What came of a snippet."""
    return {"logs": logs, "value": value, "error": error, "final": final, "files": list(files)}


def seen_of(output: CodeOutput) -> dict[str, Any]:
    """The same, of what a box of ours gives."""
    error = None if output.error is None else str(output.error)
    return seen(output.logs, output.output, error, output.is_final_answer, output.files)


class FinalAnswer(BaseException):
    """How a snippet of the plain baseline ends with its answer."""


class Plain:
    """Baseline: `exec` in the host."""

    def __init__(self, world: dict[str, Any]) -> None:
        def final_answer(value: Any = None) -> None:
            raise FinalAnswer(value)

        tools = {"note_store": hosttools.note_store, "lookup": hosttools.lookup, "final_answer": final_answer}
        self.namespace = {"__name__": "__main__", **world, **NO_FRAMES, **HOST_OBJECTS, **tools}

    def run(self, code: str) -> dict[str, Any]:
        printed = io.StringIO()
        self.namespace.pop("result", None)
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(code, "<agent>", "exec"), self.namespace)
            except FinalAnswer as answer:
                return seen(printed.getvalue(), answer.args[0], final=True)
            except Exception as error:
                return seen(printed.getvalue(), error=f"{type(error).__name__}: {error}")
        return seen(printed.getvalue(), self.namespace.get("result"))

    def close(self) -> None:
        return


class Naive:
    """Baseline: an ordinary process behind lines of JSON and pickle."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.vars = {**world, **NO_FRAMES, **self._frames(world["CANARY_FILE"])}
        self.vars |= {name: HOST_OBJECTS[name] for name in ("HOST_LIST", "HOST_CONFIG")}
        self.number = 0
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "naive_worker.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False, text=True,
        )  # fmt: skip

    def _frames(self, canary: str) -> dict[str, Any]:
        def line(**fields: Any) -> str:
            return (json.dumps(fields) + "\n").encode().hex()

        bomb = base64.b64encode(b"cos\nsystem\n(S'echo p > " + canary.encode() + b"'\ntR.").decode()
        ended = {"logs": "", "error": None, "id": 1}
        return {
            "PROTO": "jsonl",
            "RESULT_TMPL": json.dumps({"result": {"json": "@@"}, **ended, "final": False}).replace('"@@"', "@@"),
            "FORGED_FRAMES": [line(result={"json": "FORGED"}, **ended, final=True)],
            "CALL_FRAMES": [line(call="forbidden_tool", args=["x"], kwargs={})],
            "PICKLE_FRAMES": [line(result={"pickle": bomb}, **ended, final=True)],
        }

    def run(self, code: str) -> dict[str, Any]:
        self.number += 1
        first = self.vars if self.number == 1 else {}
        asked = {"code": code, "vars": first, "tools": ["note_store", "lookup"], "id": self.number}
        self._tell(asked)
        while line := self.process.stdout.readline():
            message = json.loads(line)
            if "call" not in message:
                return self._ended(message)
            called: Any = hosttools
            for part in message["call"].split("."):
                called = getattr(called, part)
            self._tell({"ret": str(called(*message["args"], **message["kwargs"]))})
        return seen(error="the worker died")

    def _tell(self, message: dict[str, Any]) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def _ended(self, message: dict[str, Any]) -> dict[str, Any]:
        result = message["result"]
        value = pickle.loads(base64.b64decode(result["pickle"])) if "pickle" in result else result["json"]
        if isinstance(value, dict) and value.get("__type__") == "bytes":
            value = base64.b64decode(value["data"])
        return seen(message["logs"], value, message["error"], message["final"])

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            self.process.stdin.close()
            self.process.terminate()
            self.process.wait(3)


def frames_of(number: int, pickled: bytes = b"") -> dict[str, Any]:
    """What a snippet that runs as `number` needs to pose as its kernel."""

    def whole(message: dict[str, Any]) -> str:
        return b"".join(frame(message)).hex()

    done = {"is": "done", "n": number, "value": "@@", "shown": True, "text": None, "final": False, "error": None,
            "changed": [], "files": [], "printed": ""}  # fmt: skip
    call = {"is": "calls", "n": number, "calls": [[900_001, "forbidden_tool", ["list", "x"], ["dict"]]]}
    return {
        "PROTO": "len4json",
        "RUN": number,
        "RESULT_TMPL": json.dumps(done).replace('"@@"', "@@"),
        "FORGED_FRAMES": [whole({**done, "value": "FORGED", "final": True})],
        "CALL_FRAMES": [whole(call)],
        "PICKLE_FRAMES": [(len(pickled).to_bytes(4, "big") + pickled).hex()],
    }


def pickle_that_runs(canary: str) -> bytes:
    return b"cos\nsystem\n(S'echo p > " + canary.encode() + b"'\ntR."


def limits_of(lim: dict[str, int]) -> Limits:
    """The largest message that a box takes: what the snippets are told of the output."""
    return LIMITS._replace(header=lim["OUT_MB"] << 20, message=lim["OUT_MB"] << 20)


class Numbered(Snippet):
    """A snippet whose number is known beforehand: a guest can look up its own, and these forge without looking."""

    coming = 1

    def __init__(self, number: int, *given: Any) -> None:
        super().__init__(Numbered.coming, *given)
        Numbered.coming += 1


protocol.Snippet = Numbered


class Remote:
    """A box of ours that has a kernel somewhere else. A subclass says which."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.world = world
        self.box = self.make(world["LIM"])
        self.box.send_tools(hosttools.TOOLS)
        folder = self.box.run("import os\nos.getcwd()")
        if folder.error is not None:
            raise RuntimeError(f"the box doesn't work at all: {folder.error}")
        given = {name: HOST_OBJECTS[name] for name in ("HOST_LIST", "HOST_CONFIG")}
        frames = frames_of(Numbered.coming, pickle_that_runs(world["CANARY_FILE"]))
        self.box.send_variables({**world, **frames, **given, "WORK_DIR": folder.output})

    def make(self, lim: dict[str, int]) -> RemoteBox:
        raise NotImplementedError

    def run(self, code: str) -> dict[str, Any]:
        return seen_of(self.box.run(with_result(code)))

    def close(self) -> None:
        self.box.cleanup()


def with_result(code: str) -> str:
    """The snippets leave what they give in `result`; here a snippet's value is that of its last statement."""
    return f"{code}\nresult" if re.search(r"^result\b", code, re.MULTILINE) else code


class Process(Remote):
    """Our kernel and protocol, in a process without any isolation."""

    def make(self, lim: dict[str, int]) -> RemoteBox:
        return ProcessExecutor(timeout_seconds=lim["WALL_S"], limits=limits_of(lim))


def _sandbox(lim: dict[str, int], **options: Any) -> SandboxExecutor:
    return SandboxExecutor(
        timeout_seconds=lim["WALL_S"], memory_mb=lim["MEM_MB"], max_processes=lim["NPROC"], disk_mb=lim["DISK_MB"],
        limits=limits_of(lim), **options,
    )  # fmt: skip


class Sandbox(Remote):
    """The sandbox as it comes."""

    def make(self, lim: dict[str, int]) -> RemoteBox:
        return _sandbox(lim)


class SandboxWithoutNamespaces(Remote):
    """The sandbox on a machine that gives no namespaces."""

    def make(self, lim: dict[str, int]) -> RemoteBox:
        return _sandbox(lim, namespaces=False)


class SandboxWithout(Remote):
    """The sandbox with layers left out, without namespaces unless `namespaces` are kept."""

    def __init__(self, namespaces: bool, layers: list[str], world: dict[str, Any]) -> None:
        self.layers, self.namespaces = tuple(layers), namespaces
        super().__init__(world)

    def make(self, lim: dict[str, int]) -> RemoteBox:
        workers.fork = lambda *given: FORK(*given, self.layers)
        return _sandbox(lim, namespaces=self.namespaces, require=())


class Docker(Remote):
    """A container, in the engine at an address (which the tests start). Its image is that of tests/docker."""

    def __init__(self, given: list[str], world: dict[str, Any]) -> None:
        self.address = given[0]
        super().__init__(world)

    def make(self, lim: dict[str, int]) -> RemoteBox:
        from actlet.execution.docker import DockerExecutor

        return DockerExecutor(
            image="actlet-test/python:latest", base_url=self.address, timeout_seconds=lim["WALL_S"],
            memory_mb=lim["MEM_MB"], max_processes=lim["NPROC"], disk_mb=lim["DISK_MB"], limits=limits_of(lim),
        )  # fmt: skip


class Wasm(Remote):
    """Pyodide under Deno."""

    def make(self, lim: dict[str, int]) -> RemoteBox:
        from actlet.execution.wasm import WasmExecutor

        return WasmExecutor(
            timeout_seconds=lim["WALL_S"], memory_mb=lim["MEM_MB"], disk_mb=lim["DISK_MB"], limits=limits_of(lim)
        )


class Local:
    """The local box."""

    def __init__(self, *given: Any) -> None:
        *imports, world = given
        self.box = LocalPythonExecutor(imports[0] if imports else [], timeout_seconds=world["LIM"]["WALL_S"])
        self.box.send_tools(hosttools.TOOLS)
        self.box.send_variables({**world, **NO_FRAMES, **HOST_OBJECTS})

    def run(self, code: str) -> dict[str, Any]:
        return seen_of(self.box.run(with_result(code)))

    def close(self) -> None:
        self.box.cleanup()


class Credulous:
    """Baseline: our kernel, and a host that reads the same protocol and believes every word."""

    BELIEVED = Limits(*[1 << 40] * len(Limits._fields))

    def __init__(self, world: dict[str, Any]) -> None:
        self.inner = ProcessExecutor(timeout_seconds=None)
        self.channel = self.inner._start()
        self.codec = Codec(self.BELIEVED, trusting=True)
        self.answers: dict[str, Any] = vars(hosttools)
        self.number = 0
        self._next()
        self._tell({"is": "setup", "takes": kernel.libraries(), "limits": kernel.LIMITS._asdict()})
        self.codec.takes = frozenset(kernel.libraries())
        self._tell({"is": "tools", "tools": offers_of(hosttools.TOOLS)})
        blobs: list[Any] = []
        given = {**world, **frames_of(1, pickle_that_runs(world["CANARY_FILE"]))}
        given |= {name: HOST_OBJECTS[name] for name in ("HOST_LIST", "HOST_CONFIG")}
        given["WORK_DIR"] = os.getcwd()
        node = Codec(trusting=False).encode(given, blobs)
        self._tell({"is": "variables", "values": node}, blobs)

    def _tell(self, message: dict[str, Any], blobs: list[Any] | None = None) -> None:
        self.channel.send(frame(message, blobs or []))

    def _next(self) -> tuple[dict[str, Any], list[Any]]:
        """The next message, whatever it is. What it says of its own length and of its blobs is so."""
        length = int.from_bytes(self.channel.read(4), "big")
        message = json.loads(self.channel.read(length).decode("utf-8"))
        return message, [self.channel.read(size) for size in message.get("blobs", [])]

    def run(self, code: str) -> dict[str, Any]:
        self.number += 1
        self._tell({"is": "run", "n": self.number, "code": with_result(code)})
        logs = ""
        while True:
            try:
                message, blobs = self._next()
            except EOFError:
                return seen(logs, error="the kernel ended")
            logs += message.get("text" if message["is"] == "printed" else "printed", "")
            if message["is"] == "printed":
                continue
            if message["is"] == "calls":
                self._answer(message["calls"], blobs)
            elif message["is"] == "done":
                error = message["error"] and ": ".join(message["error"][:2])
                value = self.codec.decode(message["value"], blobs)
                return seen(logs, value, error, message["final"], message.get("files", ()))

    def _answer(self, calls: list[Any], blobs: list[Any]) -> None:
        for number, name, args, kwargs in calls:
            called: Any = self.answers[name.partition(".")[0]]
            for part in name.split(".")[1:]:
                called = getattr(called, part)
            value = called(*self.codec.decode(args, blobs), **self.codec.decode(kwargs, blobs))
            self._tell({"is": "answers", "answers": [[number, True, str(value)]]})

    def close(self) -> None:
        self.inner._kill()


ADAPTERS: dict[str, Any] = {
    "plain": Plain,
    "naive": Naive,
    "credulous": Credulous,
    "process": Process,
    "sandbox": Sandbox,
    "sandbox-bare": SandboxWithoutNamespaces,
    "sandbox-without": partial(SandboxWithout, True),
    "sandbox-bare-without": partial(SandboxWithout, False),
    "docker": Docker,
    "wasm": Wasm,
    "local": Local,
}
"""By name. After a colon stand the names of the layers to leave out, or of the modules that may be imported."""


def adapter(name: str, world: dict[str, Any]) -> Any:
    """The box of this name (`"sandbox-without:landlock,limits"`), new."""
    kind, _, words = name.partition(":")
    return ADAPTERS[kind](*([words.replace("+", ",").split(",")] if words else []), world)
