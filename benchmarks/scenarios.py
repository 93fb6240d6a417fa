"""What is measured, written once for both libraries: `python scenarios.py LIBRARY NAME` prints figures as JSON.

LIBRARY is `actlet` or `smolagents`; each runs in a process of its own. Models answer at once unless a scenario says
otherwise, so that what is measured is the library. Every step's code is another, so that nothing can be kept from
one step to the next.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

LIBRARY = sys.argv[1] if len(sys.argv) > 1 else "actlet"
ai = import_module(LIBRARY)
OFF = -1


def reply(number: int, last: int) -> str:
    """What the model says in step `number` of a run that ends with step `last`."""
    if number >= last:
        return f"I have it.\n<code>\nfinal_answer({number})\n</code>"
    return f"I go on.\n<code>\nx{number} = {number} * 2\nprint('step', x{number})\n</code>"


def said(text: str) -> Any:
    return ai.ChatMessage(role=ai.MessageRole.ASSISTANT, content=text, token_usage=ai.TokenUsage(100, 10))


class Instant(ai.Model):
    """Answers at once; the run ends with step `last`."""

    def __init__(self, last: int) -> None:
        super().__init__(model_id="instant")
        self.last, self.number = last, 0

    def generate(self, messages: Any, stop_sequences: Any = None, **_: Any) -> Any:
        self.number += 1
        return said(reply(self.number, self.last))


class Waiting(ai.Model):
    """Answers after 50 ms; each conversation finds its place in its own messages."""

    def __init__(self) -> None:
        super().__init__(model_id="waiting")

    def reply(self, messages: Any) -> Any:
        done = sum(message.role == ai.MessageRole.ASSISTANT for message in messages)
        return said(reply(done + 1, 3))

    def generate(self, messages: Any, stop_sequences: Any = None, **_: Any) -> Any:
        time.sleep(0.05)
        return self.reply(messages)

    async def agenerate(self, messages: Any, stop_sequences: Any = None, **_: Any) -> Any:
        await asyncio.sleep(0.05)
        return self.reply(messages)


class Streaming(Instant):
    """Answers in 3,000 pieces."""

    def generate_stream(self, messages: Any, stop_sequences: Any = None, **_: Any) -> Any:
        self.number += 1
        for piece in ["word "] * 2999 + [reply(1, 1)]:
            yield ai.ChatMessageStreamDelta(content=piece)


class Calling(Waiting):
    """Answers after 50 ms with tool calls."""

    native_tool_history = True

    def reply(self, messages: Any) -> Any:
        done = sum(message.role == ai.MessageRole.ASSISTANT for message in messages)
        name, arguments = ("look_up", {"key": done}) if done < 2 else ("final_answer", {"answer": 3})
        call = {"id": f"call_{done}", "type": "function", "function": {"name": name, "arguments": arguments}}
        return ai.ChatMessage(
            role=ai.MessageRole.ASSISTANT, content="", tool_calls=[call], token_usage=ai.TokenUsage(100, 10)
        )


@ai.tool
def look_up(key: int) -> int:
    """Looks a key up.

    Args:
        key: the key
    """
    return key


def calling() -> Any:
    return ai.ToolCallingAgent(tools=[look_up], model=Calling(), verbosity_level=OFF)


def agent(model: Any, tools: Any = (), **options: Any) -> Any:
    return ai.CodeAgent(tools=list(tools), model=model, verbosity_level=OFF, **options)


def seconds(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def median(act: Callable[[], float], times: int) -> float:
    return statistics.median(act() for _ in range(times))


def step(steps: int, times: int) -> float:
    """Seconds per step of a run of so many steps."""
    return median(lambda: seconds(lambda: agent(Instant(steps), max_steps=steps + 1).run("go")) / steps, times)


def steps() -> dict[str, float]:
    step(10, 5)
    return {"step of 10, s": step(10, 31), "step of 500, s": step(500, 5)}


def kept() -> dict[str, float]:
    """Bytes that a finished agent with 500 steps keeps."""
    import tracemalloc

    agent(Instant(5)).run("warm up")
    gc.collect()
    tracemalloc.start()
    kept_agent = agent(Instant(500), max_steps=501)
    kept_agent.run("go")
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {"kept, bytes": size}


def concurrent() -> dict[str, float]:
    """Seconds for 1,000 runs of 3 steps at once, each with an agent of its own, made in the job."""
    return {"code, s": at_once(lambda: agent(Waiting())), "calls, s": at_once(calling)}


def at_once(make: Callable[[], Any]) -> float:
    """Seconds for 1,000 runs at once of agents that `make` makes."""
    if LIBRARY == "actlet":

        async def job() -> Any:
            return await make().arun("go")

        async def main(count: int) -> None:
            assert await asyncio.gather(*(job() for _ in range(count))) == [3] * count

        asyncio.run(main(10))
        return median(lambda: seconds(lambda: asyncio.run(main(1000))), 5)

    def work() -> None:
        with ThreadPoolExecutor(1000) as pool:
            assert list(pool.map(lambda _: make().run("go"), range(1000))) == [3] * 1000

    return seconds(work)


def deltas() -> dict[str, float]:
    """Seconds for a run whose reply comes in 3,000 pieces."""

    def once() -> float:
        streaming = agent(Streaming(1), stream_outputs=True)
        return seconds(lambda: list(streaming.run("go", stream=True)))

    once()
    return {"3,000 deltas, s": median(once, 5)}


def shown_deltas() -> dict[str, float]:
    """The same, shown live on a console that isn't a terminal."""
    import io
    from contextlib import redirect_stdout

    def once() -> float:
        with redirect_stdout(io.StringIO()):
            options = {"tools": [], "model": Streaming(1), "stream_outputs": True, "verbosity_level": 1}
            streaming = ai.CodeAgent(**options)
            return seconds(lambda: list(streaming.run("go", stream=True)))

    once()
    return {"3,000 deltas shown, s": median(once, 3)}


@ai.tool
def search(query: str, limit: int = 5) -> list:
    """Searches the archive.

    Args:
        query: what to look for
        limit: how many results to give
    """
    return []


@ai.tool
def read_page(url: str) -> str:
    """Gives the text of a page.

    Args:
        url: the address of the page
    """
    return ""


@ai.tool
def convert(amount: float, source: str, target: str) -> float:
    """Converts an amount of money.

    Args:
        amount: how much
        source: the currency to convert from, as a code of three letters
        target: the currency to convert to, as a code of three letters
    """
    return amount


def prompts() -> dict[str, str]:
    """The system prompts of agents with three tools."""
    tools, model = [search, read_page, convert], Instant(1)
    model.native_tool_history = True  # as of OpenAI's, which are sent the tools themselves
    calls = ai.ToolCallingAgent(tools=tools, model=model, verbosity_level=OFF)
    return {"CodeAgent": agent(model, tools).system_prompt, "ToolCallingAgent": calls.system_prompt}


if __name__ == "__main__":
    print("\n" + json.dumps(globals()[sys.argv[2]]()))
