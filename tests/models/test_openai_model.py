import asyncio
import copy
import email.utils
import gc
import json
import pickle
import signal
import threading
import time
from types import SimpleNamespace

import openai
import pytest
from openai_server import Answer, OpenAIServer
from PIL import Image

from actlet import bridges
from actlet.errors import AgentGenerationError
from actlet.messages import ChatMessage, MessageRole, TokenUsage, agglomerate_stream_deltas
from actlet.models import REMOVE_PARAMETER, OpenAIModel, OpenAIServerModel, Transient
from actlet.models.openai_replies import ChunkReader

QUESTION = [ChatMessage("system", "Be brief."), ChatMessage("user", "What?")]


class AddTool:
    name, description = "add", "Adds."

    def json_schema(self):
        return {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {}}}


def model_at(server, **settings):
    return OpenAIModel("stand-in", api_base=server.url, api_key="secret", **settings)


def failure(server, **settings):
    with pytest.raises(openai.APIError) as caught:
        model_at(server, **settings).generate(QUESTION)
    return caught.value


@pytest.fixture
def serve():
    servers = []

    def start(*answers):
        servers.append(OpenAIServer(answers[0] if callable(answers[0]) else answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


# Requests


def test_the_request_has_the_messages_and_the_parameters(serve):
    server = serve(Answer("fine"))
    reply = model_at(server, temperature=0.2).generate(QUESTION, ["END"], {"type": "json_object"}, seed=7)
    assert reply.content == "fine"
    assert server.requests[0] == {
        "model": "stand-in",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What?"}],
        "stop": ["END"],
        "response_format": {"type": "json_object"},
        "seed": 7,
        "temperature": 0.2,
    }
    assert server.headers[0]["authorization"] == "Bearer secret"


def test_the_same_conversation_is_sent_as_the_same_bytes_and_a_longer_one_begins_with_them(serve):
    server = serve(Answer("fine"))
    model, image = model_at(server), Image.new("RGB", (3, 3))
    start = [*QUESTION, ChatMessage("user", [{"type": "image", "image": image}]), ChatMessage("assistant", "A.")]
    model.generate(start)
    model.generate(start)
    model.generate([*start, ChatMessage("user", "Go on.")])
    first, again, longer = (json.dumps(request["messages"]) for request in server.requests)
    assert first == again
    assert longer.startswith(first[:-1])


def test_tools_are_offered_and_their_calls_come_back(serve):
    server = serve(Answer(tool_calls=[("add", {"a": 1}), ("add", {"a": 2})]))
    reply = model_at(server).generate(QUESTION, tools_to_call_from=[AddTool()])
    assert server.requests[0]["tools"] == [AddTool().json_schema()]
    assert server.requests[0]["tool_choice"] == "required"
    assert [call.function.arguments for call in model_at(server).parse_tool_calls(reply).tool_calls] == [
        {"a": 1},
        {"a": 2},
    ]


def test_the_tool_choice_can_be_changed_and_left_out(serve):
    server = serve(Answer("no"))
    model_at(server, tool_choice="auto").generate(QUESTION, tools_to_call_from=[AddTool()])
    model_at(server, tool_choice=REMOVE_PARAMETER).generate(QUESTION, tools_to_call_from=[AddTool()])
    model_at(server, tool_choice="auto").generate(QUESTION)
    assert [request.get("tool_choice") for request in server.requests] == ["auto", None, None]


def test_tool_calls_and_results_go_back_as_such_with_images_after_them(serve):
    server = serve(Answer("done"))
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    image = {"type": "image", "image": Image.new("RGB", (2, 2))}
    history = [
        *QUESTION,
        ChatMessage("assistant", None, [call]),
        ChatMessage("tool-response", [{"type": "text", "text": "two"}, image], tool_call_id="c1"),
    ]
    model_at(server).generate(history)
    sent = server.requests[0]["messages"][2:]
    called = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    assert sent[0] == {"role": "assistant", "content": None, "tool_calls": [called]}
    assert sent[1] == {"role": "tool", "tool_call_id": "c1", "content": "two"}
    assert sent[2]["role"] == "user"
    assert sent[2]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_server_without_tool_messages_gets_them_as_text(serve):
    server = serve(Answer("done"))
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    history = [ChatMessage("assistant", "So:", [call]), ChatMessage("tool-response", "2", tool_call_id="c1")]
    model_at(server, custom_role_conversions={MessageRole.TOOL_RESPONSE: "user"}).generate(history)
    assert server.requests[0]["messages"] == [
        {"role": "assistant", "content": 'So:\n{"name": "add", "arguments": {"a": 1}}'},
        {"role": "user", "content": "Result of add:\n2"},
    ]


# Replies


def test_usage_tells_cached_and_reasoning_tokens(serve):
    assert model_at(serve(Answer("hi"))).generate(QUESTION).token_usage == TokenUsage(50, 7, 40, 3)


def test_a_reply_without_usage_has_none(serve):
    assert model_at(serve(Answer("hi", usage=None))).generate(QUESTION).token_usage is None


def test_a_cost_is_known_where_prices_are(serve):
    model = model_at(serve(Answer("hi")), prices={"input": 2.0, "cached_input": 0.5, "output": 8.0})
    usage = model.generate(QUESTION).token_usage
    assert model.cost(usage) == pytest.approx((10 * 2.0 + 40 * 0.5 + 7 * 8.0) / 1e6)
    assert model.cost(None) is None
    assert OpenAIModel("m", api_key="k").cost(usage) is None


def test_a_refusal_is_the_text_of_the_reply(serve):
    assert model_at(serve(Answer(extra={"refusal": "I won't."}))).generate(QUESTION).content == "I won't."


def test_reasoning_stays_in_the_raw_reply(serve):
    reply = model_at(serve(Answer("4", extra={"reasoning_content": "2+2"}))).generate(QUESTION)
    assert reply.content == "4"
    assert reply.raw.choices[0].message.reasoning_content == "2+2"


def test_an_answer_without_choices_is_an_error_that_repeats_what_the_server_says(serve):
    model = model_at(serve(Answer(body={"error": {"message": "upstream died", "code": 502}})))
    with pytest.raises(AgentGenerationError, match="upstream died") as caught:
        model.generate(QUESTION)
    assert model.transient(caught.value) == Transient()


@pytest.mark.parametrize(("reason", "told"), [("length", "max_tokens"), ("content_filter", "content filter")])
@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_ended_before_it_began_says_why(serve, reason, told, stream):
    model = model_at(serve(Answer("", finish_reason=reason)))
    with pytest.raises(AgentGenerationError, match=told):
        list(model.generate_stream(QUESTION)) if stream else model.generate(QUESTION)


def test_an_empty_reply_is_a_reply(serve):
    assert model_at(serve(Answer(None))).generate(QUESTION).text == ""


def test_calls_without_an_id_get_one(serve):
    function = {"name": "add", "arguments": "{}"}
    calls = [{"id": call_id, "type": "function", "function": function} for call_id in ("", "x", "x")]
    reply = model_at(serve(Answer(extra={"tool_calls": calls}))).generate(QUESTION)
    ids = [call.id for call in reply.tool_calls]
    assert len(set(ids)) == 3
    assert "x" in ids
    assert all(ids)


def test_text_is_cut_at_stop_sequences_where_the_model_takes_none(serve):
    server = serve(Answer("Thought <code>1</code> and more"))
    model = OpenAIModel("gpt-5-mini", api_base=server.url)
    assert model.generate(QUESTION, ["</code>"]).content == "Thought <code>1"
    assert "".join(d.content or "" for d in model.generate_stream(QUESTION, ["</code>"])) == "Thought <code>1"
    assert all("stop" not in request for request in server.requests)


# Streams


def test_a_stream_makes_up_the_same_message_as_a_reply(serve):
    model = model_at(serve(Answer("A longer text to stream.", tool_calls=[("add", {"a": 1}), ("add", {"b": 2})])))
    whole, pieces = model.generate(QUESTION), list(model.generate_stream(QUESTION))
    assert len(pieces) > 5
    assert agglomerate_stream_deltas(pieces) == whole


def test_parallel_calls_that_are_all_numbered_zero_stay_apart():
    def chunk(call_id, name):
        piece = SimpleNamespace(index=0, id=call_id, function=SimpleNamespace(name=name, arguments="{}"))
        choice = SimpleNamespace(delta=SimpleNamespace(tool_calls=[piece]), finish_reason=None)
        return SimpleNamespace(choices=[choice])

    reader = ChunkReader()
    reply = agglomerate_stream_deltas([reader.read(chunk("a", "f")), reader.read(chunk("b", "g"))])
    assert [(call.id, call.function.name) for call in reply.tool_calls] == [("a", "f"), ("b", "g")]


def test_a_stream_whose_server_tells_no_usage_has_none(serve):
    pieces = list(model_at(serve(Answer("hi", usage=None))).generate_stream(QUESTION))
    assert all(piece.token_usage is None for piece in pieces)


def test_leaving_a_stream_closes_the_connection(serve):
    server = serve(Answer("word " * 200, pace=0.02))
    stream = model_at(server).generate_stream(QUESTION)
    next(stream)
    stream.close()
    assert server.wait_for("hung_up", 1)


def test_leaving_an_async_stream_closes_the_connection(serve):
    server = serve(Answer("word " * 200, pace=0.02))

    async def leave():
        stream = model_at(server).agenerate_stream(QUESTION)
        await anext(stream)
        await stream.aclose()

    asyncio.run(leave())
    assert server.wait_for("hung_up", 1)


def test_a_stream_is_read_no_further_than_its_stop_sequence(serve):
    server = serve(Answer("a STOP" + " word" * 200, pace=0.02))
    started = time.monotonic()
    assert "".join(d.content or "" for d in model_at(server).generate_stream(QUESTION, ["STOP"])) == "a "
    assert time.monotonic() - started < 2
    assert server.wait_for("hung_up", 1)


@pytest.mark.parametrize("model_id", ["stand-in", "gpt-5-mini"])  # with the stop parameter, and without
def test_a_stream_that_is_cut_at_a_stop_sequence_has_its_usage(serve, model_id):
    model = OpenAIModel(model_id, api_base=serve(Answer("a STOP and some more")).url)
    reply = agglomerate_stream_deltas(model.generate_stream(QUESTION, ["STOP"]))
    assert (reply.content, reply.finish_reason, reply.token_usage.input_tokens) == ("a ", "stop", 50)


def test_a_stream_that_nobody_ends_broke_off(serve):
    model = model_at(serve(Answer("half a", unfinished=True)))
    with pytest.raises(ConnectionError, match="broke off") as caught:
        list(model.generate_stream(QUESTION))
    assert model.transient(caught.value) == Transient()


def test_a_server_that_never_says_that_a_reply_has_ended_is_believed_the_second_time(serve):
    model = model_at(serve(Answer("whole", unfinished=True)))
    with pytest.raises(ConnectionError):
        list(model.generate_stream(QUESTION))
    assert "".join(piece.content or "" for piece in model.generate_stream(QUESTION)) == "whole"


def test_a_server_that_has_said_so_once_is_expected_to(serve):
    model = model_at(serve(Answer("whole"), Answer("half", unfinished=True)))
    list(model.generate_stream(QUESTION))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            list(model.generate_stream(QUESTION))


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_says_why_it_ended(serve, stream):
    model = model_at(serve(Answer("half a", finish_reason="length")))
    reply = agglomerate_stream_deltas(model.generate_stream(QUESTION)) if stream else model.generate(QUESTION)
    assert reply.finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
def test_a_web_page_is_no_reply(serve, stream):
    server = serve(Answer(page="<html>Welcome</html>"))
    model = model_at(server)
    with pytest.raises(AgentGenerationError, match=r"OpenAI-compatible API.*/v1"):
        list(model.generate_stream(QUESTION)) if stream else model.generate(QUESTION)


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(openai.APIConnectionError, match=r"127\.0\.0\.1:9/v1"):
        OpenAIModel("m", api_base="http://127.0.0.1:9/v1").generate(QUESTION)
    with pytest.raises(openai.APIConnectionError) as caught:
        OpenAIModel("m", api_base="http://user:s3cret@127.0.0.1:9/v1").generate(QUESTION)
    assert "s3cret" not in str(caught.value)


def test_a_base_without_a_scheme_is_refused():
    with pytest.raises(ValueError, match="http://localhost:9/v1"):
        OpenAIModel("m", api_base="localhost:9/v1")


def test_no_stop_sequences_are_not_sent(serve):
    server = serve(Answer("hi"))
    model_at(server).generate(QUESTION, [])
    assert "stop" not in server.requests[0]


def test_text_that_no_encoding_has_is_sent_as_escapes(serve):
    server = serve(Answer("hi"))
    model_at(server).generate([ChatMessage("user", "caf\udce9"), ChatMessage("assistant", "Größe")])
    assert [message["content"] for message in server.requests[0]["messages"]] == [r"caf\udce9", "Größe"]


def test_the_portal_serves_streams_to_several_threads_at_once(serve):
    model, texts = model_at(serve(Answer("word " * 20, pace=0.005))), []

    def read():
        texts.append("".join(d.content or "" for d in model.generate_stream(QUESTION)))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["word " * 20] * 8


# Failures


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_statuses_that_may_pass_are_transient(serve, status):
    model = model_at(serve(Answer(status=status)))
    with pytest.raises(openai.APIStatusError) as caught:
        model.generate(QUESTION)
    assert model.transient(caught.value) == Transient()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_statuses_that_will_not_pass_are_not(serve, status):
    model = model_at(serve(Answer(status=status)))
    with pytest.raises(openai.APIStatusError) as caught:
        model.generate(QUESTION)
    assert model.transient(caught.value) is None


def test_the_sdk_never_tries_again_by_itself(serve):
    server = serve(Answer(status=500))
    failure(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
    ],
)
def test_retry_after_is_read(serve, headers, seconds):
    server = serve(Answer(status=429, headers=headers))
    assert model_at(server).transient(failure(server)) == Transient(seconds)


def test_retry_after_may_be_a_date(serve):
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    server = serve(Answer(status=503, headers={"Retry-After": date}))
    assert model_at(server).transient(failure(server)).retry_after == pytest.approx(30, abs=3)


def test_an_account_without_credit_is_not_asked_again(serve):
    server = serve(Answer(status=429, body={"error": {"message": "pay", "code": "insufficient_quota"}}))
    assert model_at(server).transient(failure(server)) is None


def test_the_server_has_the_last_word_on_trying_again(serve):
    no = serve(Answer(status=500, headers={"x-should-retry": "false"}))
    yes = serve(Answer(status=400, headers={"x-should-retry": "true", "Retry-After": "2"}))
    assert model_at(no).transient(failure(no)) is None
    assert model_at(yes).transient(failure(yes)) == Transient(2.0)


def test_a_dropped_connection_is_transient_before_and_within_a_reply(serve):
    before, within = serve(Answer("x", drop=0)), serve(Answer("word " * 10, drop=3))
    assert model_at(before).transient(failure(before)) == Transient()
    with pytest.raises(Exception, match=r"(?i)connection|peer") as caught:
        list(model_at(within).generate_stream(QUESTION))
    assert model_at(within).transient(caught.value) == Transient()


def test_nobody_listening_is_transient(serve):
    server = serve(Answer("x"))
    server.close()
    assert model_at(server).transient(failure(server)) == Transient()


def test_a_server_that_takes_too_long_is_transient(serve):
    server = serve(Answer("late", delay=5))
    started = time.monotonic()
    assert model_at(server, timeout=0.2).transient(failure(server, timeout=0.2)) == Transient()
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        ({"message": "overloaded", "code": 503}, True),
        ({"message": "slow down", "type": "rate_limit_exceeded"}, True),
        ({"message": "broke", "code": "insufficient_quota"}, False),
        ({"message": "too long", "code": "context_length_exceeded"}, False),
    ],
)
def test_a_failure_within_a_stream_is_told_by_its_code(serve, error, passes):
    model = model_at(serve(Answer("begun", stream_error=error)))
    with pytest.raises(openai.APIError) as caught:
        list(model.generate_stream(QUESTION))
    assert (model.transient(caught.value) is not None) is passes


def test_retry_false_makes_every_failure_final(serve):
    server = serve(Answer(status=500))
    assert model_at(server, retry=False).transient(failure(server)) is None


def test_our_own_mistakes_are_not_transient():
    assert OpenAIModel("m", api_key="k").transient(TypeError("oops")) is None


# Concurrency


def test_two_hundred_requests_are_under_way_at_once(serve):
    server = serve(Answer("hi", delay=0.5))

    async def all_at_once():
        model = model_at(server)
        return await asyncio.gather(*(model.agenerate(QUESTION) for _ in range(200)))

    replies = asyncio.run(all_at_once())
    assert {reply.content for reply in replies} == {"hi"}
    assert server.most_at_once >= 150


def test_cancelling_closes_the_connection(serve):
    server = serve(Answer("late", delay=20))

    async def cancel():
        task = asyncio.create_task(model_at(server).agenerate(QUESTION))
        while not server.at_once:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert server.wait_for("hung_up", 1)


def test_ctrl_c_in_a_blocking_call_closes_the_connection(serve):
    server = serve(Answer("late", delay=20))

    def press():
        server.wait_for("at_once", 1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        model_at(server).generate(QUESTION)
    assert server.wait_for("hung_up", 1)


def test_one_model_serves_event_loops_one_after_another_and_closes_its_connections(serve):
    server = serve(Answer("hi"))
    model = model_at(server)

    async def twice():
        await model.agenerate(QUESTION)
        client = await model._clients.get(model.create_client)
        await model.agenerate(QUESTION)
        return client

    clients = [asyncio.run(twice()) for _ in range(3)]
    assert server.connections == 3
    assert all(client.is_closed() for client in clients)
    assert len(model._clients._held) == 1


def test_a_model_that_is_dropped_closes_its_connections(serve):
    server = serve(Answer("hi"))

    async def use_and_drop():
        model = model_at(server)
        await model.agenerate(QUESTION)
        client = await model._clients.get(model.create_client)
        del model
        gc.collect()
        for _ in range(20):
            await asyncio.sleep(0)
        return client.is_closed()

    assert asyncio.run(use_and_drop())


def test_threads_share_one_client(serve):
    server, replies = serve(Answer("hi", delay=0.05)), []
    model = model_at(server)
    threads = [threading.Thread(target=lambda: replies.append(model.generate(QUESTION).content)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == ["hi"] * 20
    assert len(model._clients._held) == 1


def test_a_blocking_call_on_the_background_loop_is_refused_instead_of_standing_still(serve):
    model = model_at(serve(Answer("hi")))

    async def tool():
        return model.generate(QUESTION)

    with pytest.raises(RuntimeError, match="agenerate"):
        bridges.wait(tool())


def test_requests_are_spaced_evenly(serve):
    server = serve(Answer("hi"))
    model = model_at(server, requests_per_minute=1200)
    model.generate(QUESTION)
    started = time.monotonic()

    async def several():
        await asyncio.gather(*(model.agenerate(QUESTION) for _ in range(5)))

    asyncio.run(several())
    assert 0.2 <= time.monotonic() - started < 2


# Construction


def test_a_key_is_needed_for_openai_and_not_for_a_server_of_ones_own(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        OpenAIModel("gpt-5")
    OpenAIModel("gpt-5", api_key="k")
    OpenAIModel("qwen", api_base="http://127.0.0.1:1/v1")
    OpenAIModel("gpt-5", client_kwargs={"api_key": "k"})
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    OpenAIModel("gpt-5")


def test_a_rate_below_zero_is_refused():
    with pytest.raises(ValueError, match="requests_per_minute=0"):
        OpenAIModel("m", api_key="k", requests_per_minute=0)


def test_a_client_that_blocks_is_refused():
    with pytest.raises(TypeError, match="AsyncOpenAI"):
        OpenAIModel("m", client=openai.OpenAI(api_key="k"))


def test_a_model_is_saved_whole_and_without_its_secrets(serve):
    model = OpenAIModel(
        "m",
        api_base="http://user:pass@host/v1",
        api_key="sk-1",
        organization="o",
        client_kwargs={"default_headers": {"Authorization": "Bearer sk-2", "X-Team": "t"}, "api_key": "sk-3"},
        custom_role_conversions={MessageRole.TOOL_RESPONSE: "user"},
        requests_per_minute=30,
        timeout=5,
        prices=(1, 2),
        retry=False,
        flatten_messages_as_text=True,
        temperature=0,
        max_tokens=100,
        tool_choice=REMOVE_PARAMETER,
    )
    saved = json.loads(json.dumps(model.to_dict()))
    assert "sk-" not in json.dumps(saved)
    assert "pass" not in json.dumps(saved)
    again = OpenAIModel.from_dict({**saved, "api_key": "sk-1"})
    assert again.to_dict() == saved == model.to_dict()
    assert saved["client_kwargs"] == {"default_headers": {"X-Team": "t"}}
    assert saved["temperature"] == 0
    assert (again.timeout, again.retry, again.prices) == (5, False, model.prices)


def test_a_subclass_is_saved_with_its_own_parameters():
    class Mine(OpenAIModel):
        def __init__(self, model_id, flavour="plain", **kwargs):
            super().__init__(model_id, **kwargs)
            self.flavour = flavour

    model = Mine("m", flavour="odd", api_key="k", timeout=3, seed=1)
    assert model.to_dict() == {"model_id": "m", "flavour": "odd", "timeout": 3, "seed": 1}


def test_a_model_can_be_copied_and_pickled_also_after_use(serve):
    model = model_at(serve(Answer("hi")), requests_per_minute=6000)
    model.generate(QUESTION)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.generate(QUESTION).content == "hi"


def test_the_old_name_still_works():
    assert OpenAIServerModel is OpenAIModel


def test_a_client_of_ones_own_is_used(serve):
    server = serve(Answer("hi"))

    async def ask():
        async with openai.AsyncOpenAI(api_key="mine", base_url=server.url) as client:
            return await OpenAIModel("m", client=client).agenerate(QUESTION)

    assert asyncio.run(ask()).content == "hi"
    assert server.headers[0]["authorization"] == "Bearer mine"
