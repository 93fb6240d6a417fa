"""The three clouds, each with its stand-in, for the same tests: made boxes, refusals, broken connections."""

from __future__ import annotations

from typing import Any

import pytest
from blaxel_stand_in import KEY as BLAXEL_KEY
from blaxel_stand_in import WORKSPACE, BlaxelStandIn
from cloud_machine import Machine
from cloud_serving import WebServer
from e2b_stand_in import KEY as E2B_KEY
from e2b_stand_in import E2BStandIn
from grpclib import Status
from modal_stand_in import TOKEN, ModalStandIn

from actlet.execution.clouds.blaxel import BlaxelExecutor
from actlet.execution.clouds.box import CloudBox
from actlet.execution.clouds.e2b import E2BExecutor
from actlet.execution.clouds.modal import ModalExecutor


class AtHand:
    """A cloud at hand: its stand-in, and what an environment needs to reach it."""

    kind: type[CloudBox]
    environment: dict[str, str]
    secrets: tuple[str, ...]
    wrong_login: dict[str, Any]
    short: dict[str, Any]
    """Options for a sandbox that lives for 5 seconds."""
    preamble = ""
    """Python that has a fresh process use the stand-in."""

    def box(self, **options: Any) -> CloudBox:
        return self.kind(**options)

    @property
    def machines(self) -> list[Machine]:
        raise NotImplementedError

    def refuse(self, quota: bool) -> None:
        """Requests for sandboxes are refused: the quota is used up, or the service is out of order."""
        raise NotImplementedError

    def accept(self) -> None:
        raise NotImplementedError

    def chunk(self, size: int) -> None:
        """Output is passed on in pieces of this many bytes, at most."""
        raise NotImplementedError

    def drop_connections(self) -> None:
        raise NotImplementedError

    def kill(self, machine: Machine) -> None:
        """Somebody ends the sandbox in the service's console."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def break_python(self, patch: pytest.MonkeyPatch, path: str) -> None:
        """The sandboxes to come have this in place of Python."""
        patch.setattr(Machine, "broken_python", path)


class OverHTTP(AtHand):
    stand_in: Any
    server: WebServer

    @property
    def machines(self) -> list[Machine]:
        return list(self.stand_in.machines.values())

    def refuse(self, quota: bool) -> None:
        self.stand_in.refusal = (429, "you have used up your sandboxes") if quota else (500, "out of order")

    def accept(self) -> None:
        self.stand_in.refusal = None

    def chunk(self, size: int) -> None:
        self.stand_in.chunk = size

    def drop_connections(self) -> None:
        self.server.drop_connections()

    def kill(self, machine: Machine) -> None:
        self.server.loop.call(machine.kill)

    def stop(self) -> None:
        for machine in self.machines:
            self.server.loop.run(machine.gone())
        self.server.stop()


class E2BAtHand(OverHTTP):
    kind, secrets, wrong_login = (
        E2BExecutor,
        (E2B_KEY,),
        {"api_key": "e2b_ffffffffffffffffffffffffffffffffffffffff"},
    )
    short = {"timeout": 5}

    def __init__(self) -> None:
        self.stand_in = E2BStandIn()
        self.server = WebServer(self.stand_in)
        url = self.server.url
        self.environment = {"E2B_API_URL": url, "E2B_SANDBOX_URL": url, "E2B_API_KEY": E2B_KEY}


class BlaxelAtHand(OverHTTP):
    kind, secrets, wrong_login = BlaxelExecutor, (BLAXEL_KEY,), {"api_key": "bl_wrong", "workspace": WORKSPACE}
    short = {"ttl": "5s"}

    def __init__(self) -> None:
        from blaxel.core.client.client import client

        self.stand_in = BlaxelStandIn()
        self.server = WebServer(self.stand_in)
        self.stand_in.url = self.server.url
        self.environment = {"BL_API_KEY": BLAXEL_KEY, "BL_WORKSPACE": WORKSPACE, "BL_REGION": "us-pdx-1"}
        self._client, self._url = client, client._base_url
        client.with_base_url(f"{self.server.url}/v0")
        self.preamble = (
            "import blaxel.core\nfrom blaxel.core.client.client import client\n"
            f"client.with_base_url({self.server.url + '/v0'!r})\n"
        )

    def stop(self) -> None:
        self._client.with_base_url(self._url)
        super().stop()


class ModalAtHand(AtHand):
    kind, secrets, wrong_login = ModalExecutor, TOKEN, {"token_id": "ak-wrong", "token_secret": "as-wrong"}
    short = {"timeout": 5}

    def __init__(self) -> None:
        self.stand_in = ModalStandIn()
        self.environment = {
            "MODAL_SERVER_URL": self.stand_in.url, "MODAL_TOKEN_ID": TOKEN[0], "MODAL_TOKEN_SECRET": TOKEN[1],
        }  # fmt: skip

    @property
    def machines(self) -> list[Machine]:
        return list(self.stand_in.plane.machines.values())

    def refuse(self, quota: bool) -> None:
        status = Status.RESOURCE_EXHAUSTED if quota else Status.UNKNOWN
        self.stand_in.plane.refusal = (status, "you have used up your sandboxes" if quota else "out of order")

    def accept(self) -> None:
        self.stand_in.plane.refusal = None

    def chunk(self, size: int) -> None:
        self.stand_in.router.chunk = size

    def drop_connections(self) -> None:
        self.stand_in.drop_connections()

    def kill(self, machine: Machine) -> None:
        self.stand_in.loop.call(self.stand_in.plane.end_with, machine)

    def stop(self) -> None:
        for machine in self.machines:
            self.stand_in.loop.run(machine.gone())
        self.stand_in.stop()


CLOUDS: dict[str, type[Any]] = {"e2b": E2BAtHand, "modal": ModalAtHand, "blaxel": BlaxelAtHand}
