"""A stand-in for Modal: the calls of their control plane that a sandbox takes, and a worker's command router.

Both speak gRPC by Modal's own generated classes. Output is kept by its offset, so that a reader can take up a stream
again, as theirs can. An image's `RUN` lines for pip run here, in a virtual environment of the image's own.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from cloud_machine import Machine
from cloud_serving import Loop, Relay
from grpclib import GRPCError, Status
from grpclib.server import Server
from modal_proto import api_pb2 as api
from modal_proto import task_command_router_pb2 as router
from modal_proto.api_grpc import ModalClientBase
from modal_proto.task_command_router_grpc import TaskCommandRouterBase

TOKEN = ("ak-0123456789abcdef", "as-0123456789abcdef")
FILE_TOOLS = "/__modal/.bin/modal-sandbox-fs-tools"
FILE_TOOLS_PROGRAM = """
import json, os, shutil, sys
(what, told), = json.loads(sys.argv[1]).items()
if what == "WriteFile":
    os.makedirs(os.path.dirname(told["path"]), exist_ok=True)
    shutil.copyfileobj(sys.stdin.buffer, open(told["path"], "wb"))
else:
    shutil.copyfileobj(open(told["path"], "rb"), sys.stdout.buffer)
"""


class Served:
    """The handlers of those methods of a generated service that this class has."""

    generated: Any

    def __mapping__(self) -> dict[str, Any]:
        every = {name: getattr(self, name, None) for name in self.generated.__abstractmethods__}
        whole = type("Whole", (self.generated,), {name: staticmethod(given) for name, given in every.items()})()
        return {path: handler for path, handler in whole.__mapping__().items() if handler.func is not None}


class Execution:
    """A command in a sandbox: its output so far, by offset, and whether there is more to come."""

    def __init__(self, process: asyncio.subprocess.Process, chunk: int, is_file_tool: bool) -> None:
        self.process, self.chunk, self.is_file_tool = process, chunk, is_file_tool
        self.output = {1: bytearray(), 2: bytearray()}
        self.written = 0
        self.changed = asyncio.Condition()
        self.open = {1, 2}
        self.readers = [
            asyncio.create_task(self._read(1, process.stdout)),
            asyncio.create_task(self._read(2, process.stderr)),
        ]

    async def _read(self, fd: int, stream: asyncio.StreamReader) -> None:
        while True:
            data = await stream.read(self.chunk)
            async with self.changed:
                self.output[fd] += data
                if not data:
                    self.open.discard(fd)
                self.changed.notify_all()
            if not data:
                return

    async def next(self, fd: int, offset: int) -> bytes:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.output[fd]) > offset or fd not in self.open)
            return bytes(self.output[fd][offset : offset + self.chunk])


class Sandbox:
    def __init__(self, machine: Machine, definition: api.Sandbox) -> None:
        self.machine, self.definition = machine, definition
        self.result = api.GenericResult()
        self.over = asyncio.Event()

    def end(self, status: int) -> None:
        if not self.over.is_set():
            self.result.status = status
            self.machine.kill()
            self.over.set()


class ControlPlane(Served):
    generated = ModalClientBase

    def __init__(self) -> None:
        self.sandboxes: dict[str, Sandbox] = {}
        self.images: dict[str, str] = {}
        self.built: list[list[str]] = []
        self.refusal: tuple[Status, str] | None = None
        self.url = ""
        self._folders: list[str] = []
        self._numbers = itertools.count(1)

    @property
    def machines(self) -> dict[str, Machine]:
        return {name: sandbox.machine for name, sandbox in self.sandboxes.items()}

    async def _asked(self, stream: Any) -> Any:
        given = (stream.metadata.get("x-modal-token-id"), stream.metadata.get("x-modal-token-secret"))
        if given != TOKEN:
            raise GRPCError(Status.UNAUTHENTICATED, "Token ID is malformed or unknown")
        return await stream.recv_message()

    async def AuthTokenGet(self, stream: Any) -> None:
        await self._asked(stream)
        await stream.send_message(api.AuthTokenGetResponse(token=_token()))

    async def EnvironmentGetOrCreate(self, stream: Any) -> None:
        await self._asked(stream)
        settings = api.EnvironmentSettings(image_builder_version="2025.06")
        told = api.EnvironmentMetadata(name="main", settings=settings)
        await stream.send_message(api.EnvironmentGetOrCreateResponse(environment_id="en-1", metadata=told))

    async def AppGetOrCreate(self, stream: Any) -> None:
        await self._asked(stream)
        await stream.send_message(api.AppGetOrCreateResponse(app_id="ap-1"))

    async def ImageGetOrCreate(self, stream: Any) -> None:
        image = (await self._asked(stream)).image
        wanted = [line for line in image.dockerfile_commands if line.startswith("RUN python -m pip install")]
        name = f"im-{next(self._numbers)}"
        result = api.GenericResult(status=api.GenericResult.GENERIC_STATUS_SUCCESS)
        self.images[name] = sys.executable
        if image.base_images:  # not Debian's own, which has pip upgraded with much else
            self.built.append(wanted)
            try:
                self.images[name] = await asyncio.to_thread(self._build, wanted)
            except subprocess.CalledProcessError as error:
                result = api.GenericResult(status=api.GenericResult.GENERIC_STATUS_FAILURE, exception=error.stderr)
        await stream.send_message(api.ImageGetOrCreateResponse(image_id=name, result=result))

    def _build(self, lines: list[str]) -> str:
        """A virtual environment with what these lines install; its Python."""
        folder = tempfile.mkdtemp(prefix="actlet-image-")
        self._folders.append(folder)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        for line in lines:
            wanted = shlex.split(line)[5:]
            pip = [sys.executable, "-m", "pip", "-q", "--python", folder, "install"]
            subprocess.run([*pip, *wanted], check=True, capture_output=True, text=True)
        return f"{folder}/bin/python"

    async def SandboxCreateV2(self, stream: Any) -> None:
        asked = await self._asked(stream)
        if self.refusal is not None:
            raise GRPCError(*self.refusal)
        name = f"sb-{next(self._numbers):030d}"
        sandbox = self.sandboxes[name] = Sandbox(Machine(self.images[asked.definition.image_id]), asked.definition)
        late = api.GenericResult.GENERIC_STATUS_TIMEOUT
        asyncio.get_running_loop().call_later(asked.definition.timeout_secs, sandbox.end, late)
        access = api.CommandRouterAccess(jwt=_token(), url=self.url)
        told = api.SandboxCreateV2Response(sandbox_id=name, task_id=f"ta-{name}V", command_router_access=access)
        await stream.send_message(told)

    async def SandboxGetCommandRouterAccess(self, stream: Any) -> None:
        await self._asked(stream)
        await stream.send_message(api.SandboxGetCommandRouterAccessResponse(jwt=_token(), url=self.url))

    async def SandboxWaitV2(self, stream: Any) -> None:
        asked = await self._asked(stream)
        sandbox = self.sandboxes[asked.sandbox_id]
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(sandbox.over.wait(), asked.timeout)
        await stream.send_message(api.SandboxWaitResponse(result=sandbox.result))

    async def SandboxTerminateV2(self, stream: Any) -> None:
        asked = await self._asked(stream)
        self.sandboxes[asked.sandbox_id].end(api.GenericResult.GENERIC_STATUS_TERMINATED)
        await stream.send_message(api.SandboxTerminateResponse())

    def end_with(self, machine: Machine) -> None:
        """Somebody ends the sandbox that runs in this machine."""
        (sandbox,) = [one for one in self.sandboxes.values() if one.machine is machine]
        sandbox.end(api.GenericResult.GENERIC_STATUS_TERMINATED)

    def forget_images(self) -> None:
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


class CommandRouter(Served):
    generated = TaskCommandRouterBase

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.executions: dict[str, Execution] = {}
        self.chunk = 65_536

    def _machine(self, task: str) -> Machine:
        sandbox = self.plane.sandboxes[task.removeprefix("ta-").removesuffix("V")]
        if sandbox.over.is_set():
            raise GRPCError(Status.NOT_FOUND, "the task has ended")
        return sandbox.machine

    async def TaskExecStart(self, stream: Any) -> None:
        asked = await stream.recv_message()
        machine, command = self._machine(asked.task_id), list(asked.command_args)
        if command[0] == FILE_TOOLS:
            machine.note(command[1])
            command = [sys.executable, "-c", FILE_TOOLS_PROGRAM, command[1]]
        env = {key: value for source in asked.secret_sources for key, value in source.env.contents.items()}
        process = await machine.start(*command, cwd=asked.workdir or None, env=env)
        self.executions[asked.exec_id] = Execution(process, self.chunk, asked.command_args[0] == FILE_TOOLS)
        await stream.send_message(router.TaskExecStartResponse())

    async def TaskExecStdioRead(self, stream: Any) -> None:
        asked = await stream.recv_message()
        execution, offset = self.executions[asked.exec_id], asked.offset
        fd = 1 if asked.file_descriptor == router.TASK_EXEC_STDIO_FILE_DESCRIPTOR_STDOUT else 2
        while data := await execution.next(fd, offset):
            offset += len(data)
            await stream.send_message(router.TaskExecStdioReadResponse(data=data))

    async def _write(self, task: str, execution: Execution, offset: int, data: bytes) -> None:
        data = data[max(0, execution.written - offset) :]  # what came before the connection broke comes again
        if execution.is_file_tool:
            self._machine(task).got.append(data)
        else:
            self._machine(task).typed += data
        execution.written += len(data)
        try:
            execution.process.stdin.write(data)
            await execution.process.stdin.drain()
        except ConnectionError:
            raise GRPCError(Status.FAILED_PRECONDITION, "the process has closed its stdin") from None

    async def TaskExecStdinWrite(self, stream: Any) -> None:
        asked = await stream.recv_message()
        execution = self.executions[asked.exec_id]
        await self._write(asked.task_id, execution, asked.offset, asked.data)
        if asked.eof:
            execution.process.stdin.close()
        await stream.send_message(router.TaskExecStdinWriteResponse())

    async def TaskExecStdinWriteStream(self, stream: Any) -> None:
        start = (await stream.recv_message()).start
        execution, offset = self.executions[start.exec_id], start.offset
        while (asked := await stream.recv_message()) is not None and asked.HasField("data"):
            data = asked.data
            await self._write(start.task_id, execution, offset, data)
            offset += len(data)
        execution.process.stdin.close()
        await stream.send_message(router.TaskExecStdinWriteStreamResponse())

    async def TaskExecWait(self, stream: Any) -> None:
        code = await self.executions[(await stream.recv_message()).exec_id].process.wait()
        told = router.TaskExecWaitResponse(code=code) if code >= 0 else router.TaskExecWaitResponse(signal=-code)
        await stream.send_message(told)

    async def TaskExecPoll(self, stream: Any) -> None:
        code = self.executions[(await stream.recv_message()).exec_id].process.returncode
        told = router.TaskExecPollResponse() if code is None else router.TaskExecPollResponse(code=max(code, 0))
        await stream.send_message(told)


class ModalStandIn:
    """Both, on a free port of this machine."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.plane = ControlPlane()
        self.router = CommandRouter(self.plane)
        self.plane.url = self.url = self.loop.run(self._start())

    async def _start(self) -> str:
        self._server, self._relay = Server([self.plane, self.router]), Relay()
        await self._server.start("127.0.0.1", 0)
        return f"http://127.0.0.1:{await self._relay.start(self._server._server.sockets[0].getsockname()[1])}"

    def drop_connections(self) -> None:
        """As when the network breaks."""
        self.loop.call(self._relay.drop)

    def stop(self) -> None:
        self.loop.call(self._relay.close)
        self.loop.call(self._server.close)
        self.loop.stop()
        self.plane.forget_images()


def _token() -> str:
    parts = ({"alg": "none"}, {"exp": 4_000_000_000, "iat": 1_700_000_000})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "x"]
    )
