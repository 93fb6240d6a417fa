"""A stand-in for E2B: the REST API of their control plane, and the file and process services of the `envd` in a sandbox.

The process service is their own generated Connect-RPC application, as the SDK has it. Sandboxes are told apart by the
header that E2B's proxy uses. `refusal`: a status and message for requests for sandboxes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

from cloud_machine import Machine, exit_of, output_of
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from e2b.envd.process import process_pb
from e2b.envd.process.process_connect import Process, ProcessASGIApplication
from protobuf import Oneof
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

KEY = "e2b_0123456789abcdef0123456789abcdef01234567"


class E2BStandIn(Process):
    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.asked: list[dict[str, Any]] = []
        self.renewed: list[int] = []
        self.refusal: tuple[int, str] | None = None
        self.chunk = 65_536
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._numbers = itertools.count(1)
        routes = [
            Route("/v2/sandboxes", self.create, methods=["POST"]),
            Route("/sandboxes/{id}", self.kill, methods=["DELETE"]),
            Route("/sandboxes/{id}/timeout", self.set_timeout, methods=["POST"]),
            Route("/files", self.write_file, methods=["POST"]),
            Route("/files", self.read_file, methods=["GET"]),
            Route("/health", self.health),
            Mount("/", ProcessASGIApplication(self, read_max_bytes=1 << 26)),
        ]
        self._app = Starlette(routes=routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """What goes to a sandbox that is no more is answered by the proxy, as E2B's does."""
        name = dict(scope.get("headers", ())).get(b"e2b-sandbox-id", b"").decode()
        if name and not self._alive(name):
            told = {"sandboxId": name, "message": "The sandbox was not found", "code": 502}
            await JSONResponse(told, 502)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _alive(self, name: str) -> bool:
        return name in self.machines and not self.machines[name].ended

    # The control plane

    async def create(self, request: Request) -> Response:
        if self.refusal is not None:
            return JSONResponse({"code": self.refusal[0], "message": self.refusal[1]}, self.refusal[0])
        if request.headers.get("x-api-key") != KEY:
            return JSONResponse({"code": 401, "message": "Invalid API key"}, 401)
        self.asked.append(asked := await request.json())
        name = f"sandbox{next(self._numbers)}"
        self.machines[name] = Machine()
        self._end_after(name, asked["timeout"])
        told = {"templateID": asked["templateID"], "sandboxID": name, "clientID": "c", "envdVersion": "0.6.4"}
        return JSONResponse({**told, "envdAccessToken": "token-of-the-sandbox"}, 201)

    def _end_after(self, name: str, seconds: float) -> None:
        if name in self._ends:
            self._ends[name].cancel()
        self._ends[name] = asyncio.get_running_loop().call_later(seconds, self.machines[name].kill)

    async def set_timeout(self, request: Request) -> Response:
        name, seconds = request.path_params["id"], (await request.json())["timeout"]
        if not self._alive(name):
            return JSONResponse({"code": 404, "message": "not found"}, 404)
        self.renewed.append(seconds)
        self._end_after(name, seconds)
        return Response(status_code=204)

    async def kill(self, request: Request) -> Response:
        name = request.path_params["id"]
        if not self._alive(name):
            return JSONResponse({"code": 404, "message": "not found"}, 404)
        self.machines[name].kill()
        return Response(status_code=204)

    # What runs in each sandbox

    def _machine(self, headers: Any) -> Machine:
        return self.machines[headers["e2b-sandbox-id"]]

    async def health(self, _request: Request) -> Response:
        return Response(status_code=204)

    async def write_file(self, request: Request) -> Response:
        form = await request.form(max_part_size=1 << 28)
        path = request.query_params["path"]
        self._machine(request.headers).write(path, await form["file"].read())
        return JSONResponse([{"path": path, "name": path.rsplit("/", 1)[-1], "type": "file"}])

    async def read_file(self, request: Request) -> Response:
        place = self._machine(request.headers).home / request.query_params["path"]
        return Response(place.read_bytes(), media_type="application/octet-stream")

    async def start(self, request: process_pb.StartRequest, ctx: Any) -> AsyncIterator[process_pb.StartResponse]:
        asked = request.process
        machine = self._machine(ctx.request_headers)
        process = await machine.start(asked.cmd, *asked.args, cwd=asked.cwd or None, env=dict(asked.envs))
        if not request.stdin:
            process.stdin.close()
        yield _event("start", process_pb.ProcessEvent.StartEvent(pid=process.pid))
        async for piece in output_of(process, self.chunk):
            yield _event("data", process_pb.ProcessEvent.DataEvent(output=Oneof(*piece)))
        code, error = exit_of(await process.wait())
        if machine.ended:
            raise ConnectError(Code.UNAVAILABLE, "the connection to the sandbox ended before the stream completed")
        yield _event(
            "end", process_pb.ProcessEvent.EndEvent(exit_code=code, exited=True, status="", error=error or "")
        )

    async def send_input(self, request: process_pb.SendInputRequest, ctx: Any) -> process_pb.SendInputResponse:
        machine = self._machine(ctx.request_headers)
        process = next(one for one in machine.processes if one.pid == request.process.selector.value)
        machine.typed += request.input.input.value
        try:
            process.stdin.write(request.input.input.value)
            await process.stdin.drain()
        except ConnectionError:
            raise ConnectError(Code.NOT_FOUND, f"process with pid {process.pid} not found") from None
        return process_pb.SendInputResponse()


def _event(kind: str, value: Any) -> process_pb.StartResponse:
    return process_pb.StartResponse(event=process_pb.ProcessEvent(event=Oneof(kind, value)))
