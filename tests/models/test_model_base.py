import asyncio
import contextlib
import threading
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actlet.errors import AgentParsingError
from actlet.messages import ChatMessage, ChatMessageStreamDelta, TokenUsage, agglomerate_stream_deltas
from actlet.models import (
    REMOVE_PARAMETER,
    Model,
    Prices,
    Transient,
    get_tool_call_from_text,
    parse_json_if_needed,
    remove_content_after_stop_sequences,
    supports_stop_parameter,
)
from actlet.models.stops import StopCutter

ASK = [ChatMessage("user", "hello")]


class Blocking(Model):
    def generate(self, messages, stop_sequences=None):
        return ChatMessage("assistant", f"to {messages[-1].content} in {threading.current_thread().name}")


class Awaited(Model):
    async def agenerate(self, messages, stop_sequences=None):
        await asyncio.sleep(0)
        return ChatMessage("assistant", f"to {messages[-1].content}, stopping at {stop_sequences}")


class BlockingStream(Blocking):
    closed = False

    def generate_stream(self, messages, stop_sequences=None):
        try:
            for number in range(100):
                yield ChatMessageStreamDelta(f"{number} ")
                time.sleep(0.001)
        finally:
            self.closed = True


class AwaitedStream(Awaited):
    closed = False

    async def agenerate_stream(self, messages, stop_sequences=None):
        try:
            for number in range(100):
                yield ChatMessageStreamDelta(f"{number} ")
                await asyncio.sleep(0.001)
        finally:
            self.closed = True


def text(deltas):
    return "".join(delta.content for delta in deltas)


# One method is enough


def test_a_model_that_blocks_can_be_awaited_on_a_thread_of_its_own():
    reply = asyncio.run(Blocking().agenerate(ASK))
    assert reply.content.startswith("to hello in actlet-worker")


def test_a_model_that_is_awaited_can_be_called():
    assert Awaited().generate(ASK).content == "to hello, stopping at None"
    assert Awaited()(ASK, stop_sequences=["x"]).content == "to hello, stopping at ['x']"


def test_a_model_that_awaits_can_be_called_from_inside_another_event_loop():
    async def inside():
        return Awaited().generate(ASK)

    assert asyncio.run(inside()).content == "to hello, stopping at None"


def test_a_model_that_cannot_stream_streams_one_piece():
    class Calling(Model):
        def generate(self, messages):
            function = {"name": "add", "arguments": {"a": 1}}
            return ChatMessage(
                "assistant", "So:", [{"id": "1", "function": function}], token_usage=TokenUsage(1, 2)
            )

    reply = agglomerate_stream_deltas(Calling().generate_stream(ASK))
    assert (reply.content, reply.tool_calls[0].function.arguments) == ("So:", '{"a": 1}')
    assert reply.token_usage == TokenUsage(1, 2)
    assert text(Awaited().generate_stream(ASK)).startswith("to hello")


def test_streams_cross_between_blocking_and_awaited():
    async def collect():
        return [delta.content async for delta in BlockingStream().agenerate_stream(ASK)]

    expected = [f"{number} " for number in range(100)]
    assert asyncio.run(collect()) == expected
    assert [delta.content for delta in AwaitedStream().generate_stream(ASK)] == expected


def test_a_stream_that_is_left_early_is_closed_on_the_other_side():
    awaited, blocking = AwaitedStream(), BlockingStream()
    stream = awaited.generate_stream(ASK)
    next(stream)
    stream.close()
    assert awaited.closed

    async def leave():
        stream = blocking.agenerate_stream(ASK)
        await anext(stream)
        await stream.aclose()
        await asyncio.sleep(0.2)

    asyncio.run(leave())
    assert blocking.closed


def test_errors_cross_in_all_directions():
    class Failing(Model):
        def generate(self, messages):
            raise ZeroDivisionError("no")

    class FailingStream(Awaited):
        async def agenerate_stream(self, messages):
            yield ChatMessageStreamDelta("one")
            raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError):
        asyncio.run(Failing().agenerate(ASK))
    stream = FailingStream().generate_stream(ASK)
    assert next(stream).content == "one"
    with pytest.raises(ZeroDivisionError):
        next(stream)


def test_cancelling_ends_a_blocking_model():
    class Endless(Model):
        ended = False

        def generate(self, messages):
            try:
                while True:
                    time.sleep(0.001)
            finally:
                Endless.ended = True

    async def cancel():
        task = asyncio.create_task(Endless().agenerate(ASK))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.2)

    asyncio.run(cancel())
    assert Endless.ended


def test_a_model_that_implements_nothing_says_so():
    with pytest.raises(NotImplementedError, match="Model implements neither"):
        Model().generate(ASK)
    with pytest.raises(NotImplementedError, match="Model implements neither"):
        asyncio.run(Model().agenerate(ASK))


def test_what_a_model_can_do_is_told_by_its_class():
    assert (Blocking.is_async, Awaited.is_async) == (False, True)
    assert (Blocking.can_stream, BlockingStream.can_stream, AwaitedStream.can_stream) == (False, True, True)

    class Logged(Awaited):
        def generate(self, messages, **kwargs):
            return super().generate(messages, **kwargs)

    assert Logged.is_async is False
    assert Logged().generate(ASK).content.startswith("to hello")


def test_a_subclass_may_leave_out_the_constructor_of_its_base():
    class Bare(Blocking):
        def __init__(self):
            pass

    model = Bare()
    assert (model.model_id, model.kwargs, model.prices) == (None, {}, None)
    assert model._prepare_completion_kwargs(ASK) == {"messages": [{"role": "user", "content": "hello"}]}
    assert model.parse_tool_calls(ChatMessage("assistant", '{"name": "f", "arguments": {}}')).tool_calls
    assert model.to_dict() == {}


# The parameters of a request


def test_a_models_own_parameters_win_over_those_of_a_call():
    model = Model(temperature=0, tool_choice="auto", seed=REMOVE_PARAMETER)
    request = model._prepare_completion_kwargs(ASK, temperature=1, seed=2, top_p=0.5)
    assert request == {"messages": [{"role": "user", "content": "hello"}], "temperature": 0, "top_p": 0.5}


@pytest.mark.parametrize(
    ("model_id", "takes"),
    [
        ("gpt-4o", True), ("o3-mini", True), ("openai/o3-mini", True), (None, True), ("qwen3:8b", True),
        ("o3", False), ("o3-2025-04-16", False), ("o4-mini", False), ("gpt-5", False), ("openai/gpt-5.1-x", False),
        ("grok-4", False), ("x-ai/grok-3-beta", False), ("oci/xai.grok-4", False), ("o3-mini-2025-01-31", False),
    ],
)  # fmt: skip
def test_models_that_refuse_stop_sequences_are_known(model_id, takes):
    assert supports_stop_parameter(model_id) is takes


def test_stop_sequences_are_sent_to_models_that_take_them():
    assert Model(model_id="gpt-4o")._prepare_completion_kwargs(ASK, ["END"])["stop"] == ["END"]
    assert "stop" not in Model(model_id="gpt-5")._prepare_completion_kwargs(ASK, ["END"])


# Cutting at stop sequences


@pytest.mark.parametrize(
    ("content", "stops", "left"),
    [
        ("one END two", ["END"], "one "),
        ("one", ["END"], "one"),
        ("a B c A", ["A", "B"], "a "),
        (None, ["END"], None),
        ("", ["END"], ""),
        ("one", None, "one"),
        ("one", [""], "one"),
    ],
)
def test_content_is_cut_at_the_first_stop_sequence(content, stops, left):
    assert remove_content_after_stop_sequences(content, stops) == left


@given(st.lists(st.text("abX", max_size=5), max_size=12), st.lists(st.text("abX", max_size=4), max_size=3))
def test_a_stream_is_cut_as_the_whole_text_is(pieces, stops):
    cutter = StopCutter(stops)
    streamed = "".join(cutter.feed(piece) for piece in pieces) + cutter.flush()
    assert streamed == remove_content_after_stop_sequences("".join(pieces), stops)


@given(st.lists(st.text("abX", min_size=1, max_size=5), max_size=12))
def test_a_stream_holds_back_only_what_may_be_the_beginning_of_a_stop_sequence(pieces):
    cutter, given_text, passed = StopCutter(["XaX"]), "", ""
    for piece in pieces:
        given_text, passed = given_text + piece, passed + cutter.feed(piece)
        if not cutter.stopped:
            held = given_text[len(passed) :]
            assert "XaX".startswith(held)
            assert len(held) < 3


# Tool calls in text


def calls(content, **settings):
    message = Model(**settings).parse_tool_calls(ChatMessage("assistant", content))
    return [(call.function.name, call.function.arguments) for call in message.tool_calls], message.content


@pytest.mark.parametrize(
    "content",
    [
        '{"name": "add", "arguments": {"a": 1}}',
        '```json\n{"name": "add", "arguments": {"a": 1}}\n```',
        '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>',
        '<think>{"name": "other", "arguments": {}}</think>{"name": "add", "arguments": {"a": 1}}',
        'thinking... {"name": "other", "arguments": {}}</think>{"name": "add", "arguments": {"a": 1}}',
        '[TOOL_CALLS] [{"name": "add", "arguments": {"a": 1}}]',
        '<|python_tag|>{"name": "add", "parameters": {"a": 1}}',
        'Action:\n{"tool_name": "add", "tool_input": {"a": 1}}',
        '{"function": {"name": "add", "arguments": "{\\"a\\": 1}"}}',
        '{"tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}]}',
        "{'name': 'add', 'arguments': {'a': 1}}",
        '{"name": "add", "arguments": {"a": 1,},}',
    ],
)
def test_tool_calls_are_read_in_the_forms_that_models_write(content):
    found, prose = calls(content)
    assert found == [("add", {"a": 1})]
    assert prose is None


def test_several_calls_are_read_in_order_and_the_prose_around_them_is_kept():
    found, prose = calls('First {"name": "a", "arguments": {}} then {"name": "b", "arguments": {"x": "}{"}} done.')
    assert found == [("a", {}), ("b", {"x": "}{"})]
    assert prose == "First  then  done."


def test_text_may_break_lines_inside_json_strings():
    assert calls('{"name": "say", "arguments": {"text": "one\ntwo"}}')[0] == [("say", {"text": "one\ntwo"})]


@pytest.mark.parametrize(
    "content", [r'{"name": "f", "arguments": {"p": "\d+\n\\d"}}', r"{'name': 'f', 'args': {'p': '\d+\n\\d'}}"]
)
def test_backslashes_that_escape_nothing_stand_for_themselves(content):
    assert calls(content)[0] == [("f", {"p": "\\d+\n\\d"})]


def test_a_models_own_keys_are_read():
    found, _ = calls('{"do": "add", "with": {"a": 1}}', tool_name_key="do", tool_arguments_key="with")
    assert found == [("add", {"a": 1})]


def test_every_call_gets_an_id_of_its_own():
    message = Model().parse_tool_calls(ChatMessage("assistant", '{"name": "a", "arguments": {}}' * 3))
    assert len({call.id for call in message.tool_calls}) == 3


@pytest.mark.parametrize("content", ["just words", "", None, "{broken", '{"a": 1}', "f(x) = {x | x > 0}", "[1, 2]"])
def test_a_text_without_a_call_is_a_parsing_error_that_shows_the_form(content):
    with pytest.raises(AgentParsingError, match='"name": "tool_name"'):
        calls(content)


def test_native_calls_get_their_arguments_parsed():
    native = [
        {"id": str(number), "function": {"name": "f", "arguments": arguments}}
        for number, arguments in enumerate(['{"a": 1}', {"b": 2}, "", None, "plain words", "3"])
    ]
    message = Model().parse_tool_calls(ChatMessage("assistant", None, native))
    parsed = [call.function.arguments for call in message.tool_calls]
    assert parsed == [{"a": 1}, {"b": 2}, {}, {}, "plain words", "3"]


@given(st.text("{}[]\"',:abc\\ \n", max_size=60))
@example("\n} [{[]}\nbc]b,'")
def test_no_text_breaks_the_reading_of_calls(content):
    with contextlib.suppress(AgentParsingError):
        calls(content)


@pytest.mark.parametrize("bracket", ["{", "[", "{'"])
def test_long_texts_are_read_in_time(bracket):
    started = time.monotonic()
    with pytest.raises(AgentParsingError):
        calls(bracket * 5000 + "words " * 5000)
    assert time.monotonic() - started < 2


def test_parse_json_if_needed_parses_what_is_json():
    assert parse_json_if_needed("3") == 3
    assert parse_json_if_needed('{"a": 1}') == {"a": 1}
    assert parse_json_if_needed("word") == "word"
    assert parse_json_if_needed({"a": 1}) == {"a": 1}


# Prices and failures


@pytest.mark.parametrize("prices", [(2, 0.5, 8), {"input": 2, "cached_input": 0.5, "output": 8}, Prices(2, 8, 0.5)])
def test_prices_are_taken_in_the_forms_that_people_write(prices):
    assert Model(prices=prices).prices == Prices(2, 8, 0.5)


@pytest.mark.parametrize("prices", [3, (1,), (1, 2, 3, 4), {"in": 1}])
def test_other_prices_are_refused_with_the_forms_that_work(prices):
    with pytest.raises(ValueError, match="cached_input"):
        Model(prices=prices)


def test_cached_input_costs_as_other_input_where_it_has_no_price():
    assert Model(prices=(10, 20)).cost(TokenUsage(1_000_000, 0, 500_000)) == 10


def test_timeouts_and_lost_connections_are_transient_for_every_model():
    assert Model().transient(TimeoutError()) == Transient()
    assert Model().transient(ConnectionResetError()) == Transient()
    assert Model().transient(ValueError()) is None


def test_a_model_is_saved_and_made_again():
    model = Model(model_id="m", flatten_messages_as_text=True, tool_name_key="do", temperature=0.5)
    again = Model.from_dict(model.to_dict())
    assert again.to_dict() == model.to_dict()
    assert (again.tool_name_key, again.kwargs) == ("do", {"temperature": 0.5})


def test_what_is_asked_of_a_model_may_be_given_by_position():
    class Asked(Model):
        async def agenerate(self, messages, stop_sequences=None, response_format=None):
            return ChatMessage("assistant", f"{stop_sequences} {response_format}")

    assert Asked().generate(ASK, ["x"], {"type": "json_object"}).content == "['x'] {'type': 'json_object'}"


def test_the_one_call_of_a_text_can_be_read_without_a_model():
    call = get_tool_call_from_text('I look.\n{"tool": "search", "input": "{\\"q\\": 1}"}', "tool", "input")
    assert (call.function.name, call.function.arguments) == ("search", {"q": 1})
    assert call.id
    with pytest.raises(ValueError, match=r'A call is written as \{"tool": "tool_name", "input"'):
        get_tool_call_from_text("I look.", "tool", "input")
