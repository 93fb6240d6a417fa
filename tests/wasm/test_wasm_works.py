"""What a box in WebAssembly is for: agents, packages, asyncio, files, working offline; and what its errors say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actlet import CodeAgent, tool
from actlet.execution.box import Answer
from actlet.execution.wasm import WasmExecutor, runtime
from actlet.testing.conformance import Reading, error_of, run, script

pytestmark = pytest.mark.xdist_group("wasm")

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def box() -> Iterator[WasmExecutor]:
    box = WasmExecutor()
    yield box
    box.cleanup()


def test_an_agent_works_in_it_with_a_tool() -> None:
    @tool
    def price(of: str) -> float:
        """Looks up a price.

        Args:
            of: What.
        """
        return {"apple": 1.5, "pear": 2.0}[of]

    model = script(
        "prices = {n: price(n) for n in ('apple', 'pear')}\nprint(prices)", "final_answer(sum(prices.values()))"
    )
    with CodeAgent(tools=[price], model=model, executor_type="wasm", executor_kwargs={"memory_mb": 256}) as agent:
        assert agent.run("What do they cost?") == 3.5


def test_an_answer_that_comes_with_a_tick_is_not_lost() -> None:
    """While a snippet runs, every 50 ms a signal has Python hear the host, whatever else it is about to do."""

    @tool
    def same(n: int) -> int:
        """Gives it back."""
        return n

    box = WasmExecutor(timeout_seconds=10)
    box.send_tools({"same": same})
    code = "import asyncio\nasync def main():\n    return await asyncio.gather(same.acall(1))\nasyncio.run(main())"
    try:
        for wait in range(60):
            reading = Reading(box, code)
            calls = reading.suspended().calls
            time.sleep(0.0485 + wait % 12 * 0.00025)
            box.resume(tuple(Answer(call.id, 1) for call in calls))
            output = reading.output()
            assert output.output == [1], output.error
    finally:
        box.cleanup()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("async def main():\n    await asyncio.sleep(0.01)\n    return 5\nasyncio.run(main())", 5),
        ("async def main():\n    return await asyncio.gather(*[asyncio.sleep(0.01, n) for n in range(3)])\nasyncio.run(main())", [0, 1, 2]),
        ("async def main():\n    async with asyncio.timeout(0.05):\n        await asyncio.sleep(60)\n"
         "try: asyncio.run(main())\nexcept TimeoutError: got = 'late'\ngot", "late"),
        ("async def main():\n    q = asyncio.Queue()\n    async with asyncio.TaskGroup() as g:\n        g.create_task(q.put(7))\n"
         "        t = g.create_task(q.get())\n    return t.result()\nasyncio.run(main())", 7),
    ],
    ids=["run", "gather", "timeout", "queue"],
)  # fmt: skip
def test_asyncio_is_pythons_own(body: str, value: object, box: WasmExecutor) -> None:
    output = run(box, f"import asyncio\n{body}")
    assert (output.error, output.output) == (None, value)


def test_an_event_loop_is_interrupted(box: WasmExecutor) -> None:
    reading = Reading(box, "import asyncio\nkept = 1\nprint('on')\nasyncio.run(asyncio.sleep(600))")
    reading.next()
    box.interrupt()
    assert error_of(reading.output()).type == "KeyboardInterrupt"
    assert run(box, "kept").output == 1


def test_text_comes_while_a_snippet_computes(box: WasmExecutor) -> None:
    reading = Reading(box, "print('one')\nprint('two')\nwhile True: pass")
    seen = ""
    while "two" not in seen:
        seen += reading.next().text
    box.interrupt()
    assert reading.output().logs == "one\ntwo\n"


def test_what_c_code_prints_is_printed(box: WasmExecutor) -> None:
    assert run(box, "import os\nos.write(1, b'by C\\n')\nNone").logs == "by C\n"


def test_boxes_do_not_share_their_chance(box: WasmExecutor) -> None:
    other = box.fresh()
    try:
        code = "import random, uuid\n[random.random(), uuid.uuid4().hex, hash(object())]"
        assert run(box, code).output[:2] != run(other, code).output[:2]
    finally:
        other.cleanup()


def test_a_large_value_crosses_both_ways(box: WasmExecutor) -> None:
    box.send_variables({"data": os.urandom(30 << 20)})
    assert run(box, "len(data)").output == 30 << 20
    assert len(run(box, "data + b'x'").output) == (30 << 20) + 1


def test_files_are_put_and_got(box: WasmExecutor) -> None:
    box.put_file("in/data.csv", b"a,b\n1,2\n")
    output = run(box, "rows = open('in/data.csv').read().split()\nopen('out.txt', 'w').write(rows[1])")
    assert (output.error, output.files) == (None, ("out.txt",))
    assert box.get_file("out.txt") == b"1,2"


def test_packages_are_installed_with_those_that_have_c_code() -> None:
    box = WasmExecutor(packages=["humanize", "pydantic==2.14.3"], progress=None)
    try:
        code = "import humanize, pydantic\nclass A(pydantic.BaseModel):\n    n: int\n[humanize.intcomma(12345), A(n='7').n]"
        output = run(box, code)
        assert (output.error, output.output) == (None, ["12,345", 7])
    finally:
        box.cleanup()


def test_c_packages_of_pyodides_distribution_are_found_there_by_their_hash() -> None:
    folder = runtime.runtime(runtime.find_deno(), (), None)
    page = runtime.links(folder / "pyodide-lock.json")
    (numpy,) = [line for line in page.splitlines() if "/numpy-" in line]
    assert re.search(r'href="https://\S+/numpy-\S+_wasm32\.whl#sha256=[0-9a-f]{64}"', numpy)


def test_a_package_without_a_wheel_is_an_error_that_says_so() -> None:
    box = WasmExecutor(packages=["no-such-package-of-actlet"], progress=None)
    error = error_of(run(box, "1"))
    assert error.type == "BoxError"
    assert "no-such-package-of-actlet" in error.message


OFFLINE = """
from actlet.execution.wasm import WasmExecutor
box = WasmExecutor()
print(box("20 + 1").output)
box.cleanup()
"""


def offline(**more: str) -> subprocess.CompletedProcess[str]:
    """Start a box in a process that reaches no registry."""
    names = ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NPM_CONFIG_REGISTRY", "PIP_INDEX_URL")
    return subprocess.run(
        [sys.executable, "-c", OFFLINE], env={**os.environ, **dict.fromkeys(names, NOWHERE), **more},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_it_works_offline_once_it_was_downloaded(box: WasmExecutor) -> None:
    run(box, "1")
    done = offline()
    assert (done.stdout, done.returncode) == ("21\n", 0), done.stderr


def test_what_cant_be_downloaded_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    done = offline(ACTLET_CACHE=str(tmp_path))
    assert "could not be downloaded" in done.stderr
    assert "npm registry" in done.stderr
    assert not list((tmp_path / "wasm").glob("pyodide-*/*"))


def test_a_runtime_is_whole_and_has_been_made_once(box: WasmExecutor) -> None:
    run(box, "1")
    folder = runtime.runtime(runtime.find_deno(), (), None)
    assert {*runtime.PARTS, runtime.SNAPSHOT, "kernel.py", "guest.py", "deno.js"} <= {
        path.name for path in folder.iterdir()
    }


@pytest.mark.parametrize("options", [{"memory_mb": 8}, {"disk_mb": 0}, {"packages": "humanize"}])
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        WasmExecutor(**options)  # type: ignore[arg-type]


def test_a_deno_that_isnt_there_is_an_error() -> None:
    box = WasmExecutor(deno="/nowhere/deno")
    assert "/nowhere/deno" in error_of(run(box, "1")).message


def test_it_says_that_it_can_run_here() -> None:
    assert WasmExecutor.check().ok
