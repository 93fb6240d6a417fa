"""Whole agents whose programs run in containers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from docker_support import containers
from private_engine import IMAGE

from actlet import CodeAgent, tool
from actlet.execution.box import Printed
from actlet.execution.docker import DockerExecutor
from actlet.testing.conformance import Reading, script

pytestmark = pytest.mark.xdist_group("docker")  # one worker starts one engine for all


class Vault:
    """What a tool holds on the host."""

    secret = "hunter2-of-the-host"
    asked = 0


@tool
def lookup(name: str) -> str:
    """Looks a name up with a secret.

    Args:
        name: The name.
    """
    Vault.asked += 1
    return f"{name}:{len(Vault.secret)}"


def test_an_agent_solves_a_task_in_a_container(engine_url: str) -> None:
    options = {"base_url": engine_url, "image": IMAGE}
    model = script(
        "found = lookup.map(['a', 'b'])\nopen('notes.txt', 'w').write(' '.join(found))\nprint(found)",
        "import os\nseen = str(dict(os.environ)) + open('/proc/1/environ').read()\nfinal_answer((open('notes.txt').read(), 'hunter2' in seen))",
    )
    agent = CodeAgent([lookup], model, executor_type="docker", executor_kwargs=options)
    before = Vault.asked
    try:
        assert agent.run("Look a and b up.") == ("a:19 b:19", False)
        assert Vault.asked == before + 2
    finally:
        agent.cleanup()


def test_requirements_in_code_streamed_files_out_and_nothing_left(engine_url: str, api: Any) -> None:
    packages = {"packages": ["iniconfig==1.0.1"], "packages_network": "host", "progress": None}
    box = DockerExecutor(base_url=engine_url, image=IMAGE, memory_mb=256, disk_mb=32, **packages)
    box.prepare()
    box.put_file("in.ini", "[a]\nb = 1\n")
    reading = Reading(
        box,
        "import iniconfig, time\nprint('reading')\ntime.sleep(1.5)\n"
        "found = iniconfig.IniConfig('in.ini')['a']['b']\nopen('out.txt', 'w').write(found)\nprint('done')",
    )
    first = reading.next()
    assert isinstance(first, Printed)
    assert "done" not in first.text
    output = reading.output()
    assert (output.logs, output.files) == ("reading\ndone\n", ("out.txt",))
    assert box.get_file("out.txt") == b"1"
    assert [(file.path, file.size) for file in box.list_files()] == [("in.ini", 10), ("out.txt", 1)]
    container = box._container
    assert container is not None
    box.cleanup()
    assert container.id not in [each["Id"] for each in containers(api)]


def test_an_error_in_a_container_is_seen_by_the_model(engine_url: str) -> None:
    options = {"base_url": engine_url, "image": IMAGE, "memory_mb": 128, "disk_mb": 16}
    model = script("x = 1\ny = bytearray(1 << 30)\ny[:] = b'x' * (1 << 30)", "final_answer('x' in globals())")
    agent = CodeAgent([], model, executor_type="docker", executor_kwargs=options)
    try:
        assert agent.run("Use memory.") is False
        assert "memory" in str(agent.memory.steps[1].error)  # type: ignore[union-attr]
    finally:
        agent.cleanup()


def test_runs_at_once_have_containers_of_their_own(engine_url: str) -> None:
    options = {"base_url": engine_url, "image": IMAGE}

    async def one(number: int) -> Any:
        model = script(f"import os\nopen('{number}', 'w').close()", "final_answer(os.listdir())")
        agent = CodeAgent([], model, executor_type="docker", executor_kwargs=options)
        try:
            return await agent.arun("Go.")
        finally:
            agent.cleanup()

    async def all_of_them() -> Any:
        return await asyncio.gather(*map(one, range(4)))

    assert asyncio.run(all_of_them()) == [["0"], ["1"], ["2"], ["3"]]
