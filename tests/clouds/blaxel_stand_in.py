"""A stand-in for Blaxel: the REST API of their control plane, and the sandbox API that runs in each sandbox.

A process with a wait streams its output as lines of JSON, with a keepalive now and then, as theirs does. `refusal`: a
status and message for requests for sandboxes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from cloud_machine import Machine, exit_of, output_of
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

KEY = "bl_0123456789abcdef"
WORKSPACE = "a-workspace"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class BlaxelStandIn:
    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.asked: list[dict[str, Any]] = []
        self.refusal: tuple[int, str] | None = None
        self.chunk = 65_536
        self.url = ""
        self._uploads: dict[str, tuple[str, dict[int, bytes]]] = {}
        self._named: dict[str, asyncio.subprocess.Process] = {}
        inside = [
            Route("/filesystem/{path:path}", self.write_file, methods=["PUT"]),
            Route("/filesystem/{path:path}", self.read_file, methods=["GET"]),
            Route("/filesystem-multipart/initiate/{path:path}", self.begin_upload, methods=["POST"]),
            Route("/filesystem-multipart/{upload}/part", self.upload_part, methods=["PUT"]),
            Route("/filesystem-multipart/{upload}/complete", self.end_upload, methods=["POST"]),
            Route("/process", self.execute, methods=["POST"]),
            Route("/process/{id}/stdin", self.write_stdin, methods=["POST"]),
        ]
        routes = [
            Route("/v0/sandboxes", self.create, methods=["POST"]),
            Route("/v0/sandboxes/{name}", self.get, methods=["GET"]),
            Route("/v0/sandboxes/{name}", self.delete, methods=["DELETE"]),
            Mount("/of/{name}", routes=inside),
        ]
        self._app = Starlette(routes=routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        right = (f"Bearer {KEY}".encode(), WORKSPACE.encode())
        given = (headers.get(b"x-blaxel-authorization"), headers.get(b"x-blaxel-workspace"))
        place = scope["path"].split("/")
        if given != right:
            await JSONResponse({"error": "unauthorized", "code": 401, "message": "bad key"}, 401)(
                scope, receive, send
            )
        elif place[1] == "of" and self.machines[place[2]].ended:
            await JSONResponse({"error": "sandbox not found"}, 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    # The control plane

    async def create(self, request: Request) -> Response:
        if self.refusal is not None:
            code, message = self.refusal
            return JSONResponse({"error": "refused", "code": code, "message": message}, code)
        self.asked.append(asked := await request.json())
        name = asked["metadata"]["name"]
        if name in self.machines:
            return JSONResponse({"error": "conflict", "code": 409, "message": "the name is taken"}, 409)
        self.machines[name] = Machine()
        ttl = asked["spec"]["runtime"].get("ttl")
        if ttl:
            asyncio.get_running_loop().call_later(int(ttl[:-1]) * UNITS[ttl[-1]], self.machines[name].kill)
        return JSONResponse(self._told(name))

    def _told(self, name: str) -> dict[str, Any]:
        status = "TERMINATED" if self.machines[name].ended else "DEPLOYED"
        spec = {"runtime": {"image": "i", "memory": 1}}
        return {"metadata": {"name": name, "url": f"{self.url}/of/{name}"}, "spec": spec, "status": status}

    async def get(self, request: Request) -> Response:
        return JSONResponse(self._told(request.path_params["name"]))

    async def delete(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.machines or self.machines[name].ended:
            return JSONResponse({"error": "not found", "code": 404, "message": "not found"}, 404)
        self.machines[name].kill()
        return JSONResponse(self._told(name))

    # What runs in each sandbox

    async def write_file(self, request: Request) -> Response:
        form = await request.form(max_part_size=1 << 28)
        path = "/" + request.path_params["path"].lstrip("/")
        self.machines[request.path_params["name"]].write(path, await form["file"].read())
        return JSONResponse({"path": path, "message": "ok"})

    async def begin_upload(self, request: Request) -> Response:
        name = f"upload-{len(self._uploads) + 1}"
        self._uploads[name] = "/" + request.path_params["path"].lstrip("/"), {}
        return JSONResponse({"uploadId": name})

    async def upload_part(self, request: Request) -> Response:
        form, number = await request.form(max_part_size=1 << 28), int(request.query_params["partNumber"])
        self._uploads[request.path_params["upload"]][1][number] = await form["file"].read()
        return JSONResponse({"etag": str(number), "partNumber": number})

    async def end_upload(self, request: Request) -> Response:
        path, parts = self._uploads.pop(request.path_params["upload"])
        told = [part["partNumber"] for part in (await request.json())["parts"]]
        self.machines[request.path_params["name"]].write(path, b"".join([parts[number] for number in told]))
        return JSONResponse({"path": path, "message": "ok"})

    async def read_file(self, request: Request) -> Response:
        place = self.machines[request.path_params["name"]].home / ("/" + request.path_params["path"].lstrip("/"))
        return Response(place.read_bytes(), media_type="application/octet-stream")

    async def execute(self, request: Request) -> Response:
        asked, name = await request.json(), request.path_params["name"]
        process = await self.machines[name].start("sh", "-c", asked["command"], env=asked.get("env"))
        if not asked.get("stdin"):
            process.stdin.close()
        self._named[f"{name}/{asked.get('name', process.pid)}"] = process
        return StreamingResponse(self._events(self.machines[name], process), media_type="application/x-ndjson")

    async def _events(self, machine: Machine, process: asyncio.subprocess.Process) -> AsyncIterator[str]:
        logs = ""
        async for name, data in output_of(process, self.chunk):
            text = data.decode("utf-8", "replace")
            logs = (logs + text)[-65_536:]
            yield _line(name, text) + _line("keepalive", "")
        code, _ = exit_of(await process.wait())
        if machine.ended:
            raise ConnectionError("the sandbox is gone, and its connections with it")
        told = {"pid": str(process.pid), "name": "", "command": "", "status": "failed" if code else "completed"}
        told |= {"startedAt": "", "completedAt": "", "exitCode": code, "workingDir": "", "logs": logs}
        yield _line("result", json.dumps({**told, "stdout": logs, "stderr": ""}))

    async def write_stdin(self, request: Request) -> Response:
        name = request.path_params["name"]
        process = self._named.get(f"{name}/{request.path_params['id']}")
        if process is None:
            return JSONResponse({"error": "process not found"}, 404)
        self.machines[name].typed += (data := await request.body())
        try:
            process.stdin.write(data)
            await process.stdin.drain()
        except ConnectionError:
            return JSONResponse({"error": "stdin is closed; restart the process to get a new one"}, 409)
        return JSONResponse({"message": "ok"})


def _line(kind: str, data: str) -> str:
    return json.dumps({"type": kind, "data": data}) + "\n"
