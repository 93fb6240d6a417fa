"""Tools stay at home: a team, a live MCP session and a database are used from snippets, and no secret leaves."""

from __future__ import annotations

import asyncio
import secrets

import pytest
from living_tools import LedgerTool, McpSession, McpTool, recorded, signing_tool
from searching import search_for

from actlet import CodeAgent
from actlet.testing import ProcessExecutor, ScriptedModel

NUMBERS = {
    "a": {"type": "number", "description": "one"},
    "b": {"type": "number", "description": "another"},
}
TEXT = {"message": {"type": "string", "description": "what to say"}}


@pytest.fixture
def secret(monkeypatch):
    secret = f"k{secrets.token_hex(16)}"
    monkeypatch.setenv("ACTLET_TEST_SECRET", secret)
    return secret


@pytest.fixture
def mcp(mcp_server, secret):
    session = McpSession(mcp_server, {"API_KEY": secret})
    yield session
    session.close()


def script(*snippets):
    return ScriptedModel([f"<code>\n{snippet}\n</code>" for snippet in snippets])


MANAGER = (
    "ledger('create table entries (who text, amount integer)')\n"
    "sums = [get_sum(n, 1) for n in range(3)]\n"
    "print(sums, echo('hello'), sign('text'))",
    "ledger('begin')\n"
    "for n, said in enumerate(sums): ledger('insert into entries values (?, ?)', ['manager', n])\n"
    "print(get_sum.map([(1, 2), (3, 4)]))",
    "told = helper('Add what you have.', {'amounts': [10, 20]})\nledger('commit')",
    "final_answer([sums[2], told, ledger('select sum(amount), count(*) from entries')[0]])",
)
HELPER = (
    "for amount in amounts: ledger('insert into entries values (?, ?)', ['helper', amount])\nheard = echo('from helper')",
    "final_answer(heard)",
)
ANSWER = ["The sum of 2 and 1 is 3.", "Echo: from helper", (33, 5)]


@pytest.mark.parametrize("way", ["run", "arun"])
def test_a_team_an_mcp_session_and_a_database_work_from_snippets_and_no_secret_crosses(make_box, mcp, secret, way):
    channel = bytearray()
    ledger = LedgerTool(secret)
    get_sum, echo = (McpTool(mcp, "get-sum", NUMBERS, secret), McpTool(mcp, "echo", TEXT, secret))
    boxes = [recorded(make_box(), channel) for _ in range(2)]
    helper = CodeAgent(
        tools=[ledger, echo],
        model=script(*HELPER),
        name="helper",
        description="Adds.",
        executor=boxes[0],
        verbosity_level=0,
    )
    manager = CodeAgent(
        tools=[ledger, get_sum, echo, signing_tool(secret)], model=script(*MANAGER, "1"), managed_agents=[helper],
        executor=boxes[1], verbosity_level=0,
    )  # fmt: skip
    answer = manager.run("Go.") if way == "run" else asyncio.run(manager.arun("Go."))
    assert [answer[0], answer[1], tuple(answer[2])] == ANSWER
    assert (mcp.opened, get_sum.calls, echo.calls) == (1, 5, 2)
    output = boxes[1].run(search_for(secret))
    assert output.error is None, output.error
    found, seen, _ = output.output
    assert found == []
    assert seen > 1_000
    assert b"get_sum" in channel
    assert secret.encode() not in channel


def test_a_secret_that_is_in_a_box_is_found(secret, tmp_path):
    """So that the search above can fail: in the environment, an object, a file and the protocol."""
    channel = bytearray()
    box = recorded(ProcessExecutor(), channel)
    try:
        box.send_variables({"given": [secret]})
        (tmp_path / "key.txt").write_text(f"key={secret}")
        found, _, read = box.run(search_for(secret, (str(tmp_path),))).output
    finally:
        box.cleanup()
    assert {"the environment", "an object of list", "memory", f"the file {tmp_path}/key.txt"} <= set(found)
    assert read > 1_000_000
    assert secret.encode() in channel
