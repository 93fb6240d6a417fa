import asyncio
import copy
import pickle
import threading
import time
from typing import Any

import pytest

from actlet.errors import AgentToolCallError
from actlet.tools import BaseTool, Tool, ToolCollection, tool


class Distance(Tool):
    name = "distance"
    description = "The distance of two places."
    inputs = {
        "start": {"type": "string", "description": "from"},
        "end": {"type": "string", "description": "to"},
        "unit": {"type": "string", "description": "km or miles", "nullable": True, "enum": ["km", "mi"]},
    }
    output_type = "number"

    def forward(self, start: str, end: str, unit: str | None = "km") -> float:
        return float(len(start) + len(end))


class Awaitable:
    """Something to await that is no coroutine."""

    def __await__(self):
        yield from asyncio.sleep(0.001).__await__()
        return 7.0


async def seven(**_: Any) -> float:
    await asyncio.sleep(0.001)
    return 7.0


@pytest.mark.parametrize("forward", [lambda self, **_: seven(), lambda self, **_: Awaitable()])
def test_a_forward_that_returns_what_is_to_be_awaited_is_awaited(forward):
    tool = made(forward=forward, skip_forward_signature_validation=True)
    assert tool("a", "b") == 7.0
    assert asyncio.run(tool.acall(start="a", end="b")) == 7.0


def test_an_async_generator_is_refused_with_the_remedy():
    async def forward(self, start: str, end: str, unit: str | None = "km") -> Any:
        yield 1

    with pytest.raises(TypeError, match="'distance' is an async generator: have it collect"):
        made(forward=forward)


def made(**attributes: Any) -> Tool:
    """A tool like Distance, but for some attributes."""
    return type("Other", (Distance,), attributes)()


def test_a_class_tool_is_called_by_position_name_or_dict():
    tool = Distance()
    assert tool("ab", "c") == tool(start="ab", end="c") == tool({"start": "ab", "end": "c"}) == 3
    assert isinstance(tool, BaseTool)


def test_its_types_come_from_inputs_and_from_forward_where_it_says_more():
    class Adder(Tool):
        name = "adder"
        description = "Adds."
        inputs = {
            "numbers": {"type": "array", "description": "the numbers"},
            "ratio": {"type": ["number", "string"], "description": "a ratio"},
            "extra": {"type": "object", "description": "options", "properties": {"deep": {"type": "boolean"}}},
            "level": {"type": "integer", "description": "1 to 3", "minimum": 1, "maximum": 3},
        }
        output_type = "array"

        def forward(self, numbers: list[int], ratio, extra, level=1):
            return [sum(numbers), ratio, extra, level]

    tool = Adder()
    header = (
        "def adder(numbers: list[int], ratio: float | str, extra: Extra, level: Annotated[int, ge=1, le=3] = 1)"
    )
    assert header in tool.to_code_prompt()
    good = {"numbers": ["1"], "ratio": "1:2", "extra": {"deep": "true"}, "level": 2}
    assert tool.validate(good) == {"numbers": [1], "ratio": "1:2", "extra": {"deep": True}, "level": 2}
    with pytest.raises(AgentToolCallError, match="level is 4"):
        tool.validate({**good, "level": 4})
    schema = tool.json_schema()["function"]["parameters"]
    assert schema["properties"]["level"] == {
        "type": "integer",
        "description": "1 to 3",
        "minimum": 1,
        "maximum": 3,
        "default": 1,
    }
    assert schema["properties"]["numbers"]["items"] == {"type": "integer"}
    assert schema["required"] == ["numbers", "ratio", "extra"]


def test_the_json_schema_is_standard():
    parameters = Distance().json_schema()["function"]["parameters"]
    assert parameters["properties"]["unit"] == {
        "type": "string",
        "description": "km or miles",
        "enum": ["km", "mi"],
        "default": "km",
    }
    assert parameters["required"] == ["start", "end"]
    media = made(
        inputs={"start": {"type": "image", "description": "a"}, "end": {"type": "any", "description": "b"}},
        forward=lambda self, start, end: 0,
    )
    properties = media.json_schema()["function"]["parameters"]["properties"]
    assert properties == {"start": {"type": "string", "description": "a"}, "end": {"description": "b"}}


@pytest.mark.parametrize(
    ("attributes", "error", "told"),
    [
        ({"description": None}, TypeError, "You must set an attribute description"),
        ({"name": 3}, TypeError, "should be a str"),
        ({"inputs": []}, TypeError, "should be a dict"),
        ({"output_schema": "x"}, TypeError, "output_schema should be a dict"),
        ({"name": "my tool"}, ValueError, "Invalid Tool name 'my tool'"),
        ({"name": "class"}, ValueError, "Invalid Tool name"),
        ({"inputs": {"a": {"type": "string"}}}, ValueError, "'type' and 'description'"),
        ({"inputs": {"a": {"type": 3, "description": ""}}}, TypeError, "must be a string or list of strings"),
        ({"inputs": {"a": {"type": [3], "description": ""}}}, TypeError, "all elements must be strings"),
        ({"inputs": {"a": {"type": "text", "description": ""}}}, ValueError, "must be one of"),
        ({"output_type": "text"}, ValueError, "must be one of"),
        ({"inputs": {"a": {"type": "any", "description": ""}}}, TypeError, "should be the same"),
    ],
)
def test_a_wrong_declaration_is_an_error_when_the_tool_is_made(attributes, error, told):
    with pytest.raises(error, match=told):
        made(**attributes)


def test_an_argument_that_may_be_left_out_needs_a_default_or_a_type_that_allows_none():
    declared = {"start": {"type": "string", "description": "a", "nullable": True}}

    def forward(self, start: str) -> str:
        return start

    with pytest.raises(ValueError, match="Nullable argument 'start'"):
        made(inputs=declared, forward=forward)


def test_the_check_of_forward_can_be_skipped():
    class Free(Tool):
        name = "free"
        description = "Free."
        inputs = {
            "a": {"type": "integer", "description": "x"},
            "b": {"type": "any", "description": "y", "nullable": True},
        }
        output_type = "any"
        skip_forward_signature_validation = True

        def forward(self, *args, **kwargs):
            return args, kwargs

    tool = Free()
    assert tool(a=1) == ((), {"a": 1})
    assert tool(1, b=2) == ((), {"a": 1, "b": 2})
    assert str(tool.signature) == "(a: int, b: Any = None) -> Any"


def test_a_constructor_need_not_call_its_parents():
    class Own(Distance):
        def __init__(self, factor):
            self.factor = factor
            self.description = f"Times {factor}."

        def forward(self, start: str, end: str, unit: str | None = "km") -> float:
            return self.factor

    assert Own(3)("a", "b") == 3
    assert "Times 3." in Own(3).to_code_prompt()


def test_setup_runs_once_before_the_first_of_many_calls():
    class Slow(Distance):
        count = 0

        def setup(self):
            time.sleep(0.02)
            type(self).count += 1

    tool = Slow()
    assert Slow.count == 0
    threads = [threading.Thread(target=tool, args=("a", "b")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Slow.count == 1
    assert tool.is_initialized


def test_a_setup_that_fails_is_tried_again():
    class Flaky(Distance):
        tries = 0

        def setup(self):
            self.tries += 1
            if self.tries == 1:
                raise ConnectionError("not yet")

    tool = Flaky()
    with pytest.raises(ConnectionError):
        tool("a", "b")
    assert tool("a", "b") == 2


def test_an_async_forward_works_in_both_worlds():
    class Async(Distance):
        async def forward(self, start: str, end: str, unit: str | None = "km") -> float:
            await asyncio.sleep(0)
            return 7.0

    tool = Async()
    assert tool.is_async
    assert tool("a", "b") == 7
    assert asyncio.run(tool.acall(start="a", end="b")) == 7


def test_a_blocking_tool_does_not_block_the_loop_and_many_run_at_once():
    class Sleeper(Distance):
        def forward(self, start: str, end: str, unit: str | None = "km") -> float:
            time.sleep(0.1)
            return 1.0

    async def many():
        tool = Sleeper()
        return await asyncio.gather(*(tool.acall(start="a", end="b") for _ in range(40)))

    started = time.monotonic()
    assert asyncio.run(many()) == [1.0] * 40
    assert time.monotonic() - started < 2


def test_cancelling_stops_a_tool_that_blocks():
    stopped = threading.Event()

    class Endless(Distance):
        def forward(self, start: str, end: str, unit: str | None = "km") -> float:
            try:
                while True:
                    time.sleep(0.001)
            finally:
                stopped.set()

    async def cancel():
        call = asyncio.create_task(Endless().acall(start="a", end="b"))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(cancel())
    assert stopped.wait(5)


def test_an_error_of_a_tool_comes_through_acall_as_it_is():
    class Fails(Distance):
        def forward(self, start: str, end: str, unit: str | None = "km") -> float:
            raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        asyncio.run(Fails().acall(start="a", end="b"))


def test_tools_can_be_copied_and_pickled_after_use():
    tool = Distance()
    tool.validate({"start": "a", "end": "b"})
    assert copy.deepcopy(tool)("a", "b") == 2
    assert pickle.loads(pickle.dumps(tool))("a", "b") == 2


def test_media_are_unwrapped_on_the_way_in_and_wrapped_on_the_way_out():
    from actlet.media import AgentText

    class Echo(Tool):
        name = "echo"
        description = "Echoes."
        inputs = {"text": {"type": "string", "description": "x"}}
        output_type = "string"

        def forward(self, text: str) -> str:
            assert type(text) is str
            return text

    for given in (AgentText("hi"), "hi"):
        result = Echo()(text=given, sanitize_inputs_outputs=True)
        assert type(result) is AgentText
        assert result == "hi"


def test_a_collection_holds_tools():
    collection = ToolCollection([Distance()])
    assert [tool.name for tool in collection] == ["distance"]
    assert collection.tools[0].name == "distance"
    assert len(collection) == 1


def test_a_tool_may_be_abstract_in_parts():
    with pytest.raises(TypeError, match="You must set an attribute name"):
        Tool()


def test_a_parameter_of_the_name_that_every_call_takes_for_itself_is_refused():
    class Cleaner(Tool):
        name = "clean"
        description = "Cleans."
        inputs = {"sanitize_inputs_outputs": {"type": "boolean", "description": "whether"}}
        output_type = "boolean"

        def forward(self, sanitize_inputs_outputs):
            return sanitize_inputs_outputs

    with pytest.raises(
        ValueError, match="'sanitize_inputs_outputs', which is a parameter of every call: rename it"
    ):
        Cleaner()
    with pytest.raises(ValueError, match="rename it"):

        @tool
        def clean(sanitize_inputs_outputs: bool) -> bool:
            """Cleans."""
            return sanitize_inputs_outputs
