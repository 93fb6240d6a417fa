import asyncio
import json
import threading
import time

import pytest
from openai_server import Answer, OpenAIServer

from actlet.errors import JournalError
from actlet.messages import ChatMessage, TokenUsage, agglomerate_stream_deltas
from actlet.models import Model, OpenAIModel, Transient
from actlet.testing import RecordingModel, ReplayModel, ScriptedModel

ASK = [ChatMessage("user", "hello")]


def conversation(*said):
    return [ChatMessage(role, text) for role, text in zip(["user", "assistant"] * len(said), said, strict=False)]


# Scripts


def test_replies_come_in_order_in_every_way_of_asking():
    model = ScriptedModel(["one", "two", "three", "four"], chunk_size=2)
    assert model.generate(ASK).content == "one"
    assert asyncio.run(model.agenerate(ASK)).content == "two"
    pieces = list(model.generate_stream(ASK))
    assert [piece.content for piece in pieces] == ["th", "re", "e", ""]
    assert agglomerate_stream_deltas(pieces).token_usage == TokenUsage(100, 10)

    async def streamed():
        return "".join([piece.content async for piece in model.agenerate_stream(ASK)])

    assert asyncio.run(streamed()) == "four"


@pytest.mark.parametrize(
    "reply",
    [
        [("add", {"a": 1}), ("add", {"a": 2})],
        [{"name": "add", "arguments": {"a": 1}}, {"name": "add", "arguments": {"a": 2}}],
        {"content": None, "tool_calls": [("add", {"a": 1}), ("add", {"a": 2})]},
        lambda messages: [("add", {"a": len(messages)}), ("add", {"a": 2})],
    ],
)
def test_tool_calls_may_be_written_in_several_ways(reply):
    called = ScriptedModel([reply]).generate(ASK).tool_calls
    assert [(call.id, call.function.arguments) for call in called] == [("call_1", {"a": 1}), ("call_1_2", {"a": 2})]


def test_a_scripted_error_is_raised():
    model = ScriptedModel([ValueError("scripted"), TimeoutError])
    with pytest.raises(ValueError, match="scripted"):
        model.generate(ASK)
    with pytest.raises(TimeoutError) as caught:
        model.generate(ASK)
    assert model.transient(caught.value) == Transient()


def test_a_message_is_given_out_as_a_new_one_each_time():
    model = ScriptedModel(lambda _: reply)
    reply = ChatMessage("assistant", "same")
    first, second = model.generate(ASK), model.generate(ASK)
    assert first == second
    assert first is not second
    assert reply.token_usage is None


def test_a_callable_makes_replies_of_the_messages():
    model = ScriptedModel(lambda messages: messages[-1].content.upper())
    assert model.generate(ASK).content == "HELLO"


def test_a_script_that_has_run_out_says_so():
    with pytest.raises(LookupError, match="1 replies and was asked for number 2"):
        [ScriptedModel(["one"], by="conversation").generate(conversation("a", "one", "b")) for _ in range(2)]


def test_replies_are_cut_at_stop_sequences_as_a_models_are():
    model = ScriptedModel(lambda _: "one END two")
    assert model.generate(ASK, ["END"]).content == "one "
    assert "".join(piece.content for piece in model.generate_stream(ASK, stop_sequences=["END"])) == "one "


def test_calls_are_recorded_as_they_were_when_they_were_made():
    model, messages = ScriptedModel(["one"]), list(ASK)
    model.generate(messages, ["END"], tools_to_call_from=["tool"])
    messages.append(ChatMessage("user", "later"))
    assert [message.content for message in model.calls[0].messages] == ["hello"]
    assert model.calls[0].arguments["stop_sequences"] == ["END"]
    assert model.calls[0].arguments["tools_to_call_from"] == ["tool"]


def test_nothing_is_recorded_when_that_is_off():
    model = ScriptedModel(["one"], record=False)
    model.generate(ASK)
    assert model.calls == []


def test_a_script_by_conversation_serves_each_at_its_own_place():
    model = ScriptedModel(["first", "second"], by="conversation")
    assert model.generate(conversation("a", "first", "b")).content == "second"
    assert model.generate(conversation("a")).content == "first"


def test_threads_get_each_reply_once():
    model, replies = ScriptedModel([str(number) for number in range(400)]), []
    threads = [
        threading.Thread(target=lambda: replies.extend(model.generate(ASK).content for _ in range(50)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, replies)) == list(range(400))


def test_a_thousand_delayed_replies_are_awaited_at_once():
    model = ScriptedModel(lambda _: "x", delay=0.05)

    async def ask():
        await asyncio.gather(*(model.agenerate(ASK) for _ in range(1000)))

    started = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - started < 1


def test_a_way_of_finding_replies_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="by='name'"):
        ScriptedModel([], by="name")


# Recordings


def record(path, *asked, replies=None):
    model = RecordingModel(ScriptedModel(replies or [f"reply {i}" for i in range(len(asked))]), path)
    return [model.generate(messages).content for messages in asked]


def test_a_recording_replays_without_its_model(tmp_path):
    path = tmp_path / "run.jsonl"
    asked = [conversation("a"), conversation("a", "reply 0", "b")]
    said = record(path, *asked)
    replay = ReplayModel(path)
    assert [replay.generate(messages).content for messages in asked] == said
    assert replay.generate(asked[0]).token_usage == TokenUsage(100, 10)


def test_a_recording_has_one_readable_line_per_exchange(tmp_path):
    path = tmp_path / "run.jsonl"
    record(path, conversation("a"), replies=[[("add", {"a": 1})]])
    line = json.loads(path.read_text())
    function = {"name": "add", "arguments": '{"a": 1}'}
    assert line["request"]["messages"] == [{"role": "user", "content": "a"}]
    assert line["reply"]["tool_calls"] == [{"id": "call_1", "type": "function", "function": function}]
    assert line["seconds"] >= 0


def test_replies_are_found_by_the_request_whatever_the_order(tmp_path):
    path = tmp_path / "run.jsonl"
    record(path, conversation("a"), conversation("b"), conversation("b"))
    replay = ReplayModel(path)
    asked = ["b", "a", "b", "b"]
    assert [replay.generate(conversation(text)).content for text in asked] == [
        "reply 1",
        "reply 0",
        "reply 2",
        "reply 2",
    ]


def test_a_request_that_was_not_recorded_is_shown_with_its_difference(tmp_path):
    path = tmp_path / "run.jsonl"
    record(path, conversation("x"), conversation("the answer is 41", "yes", "b"))
    with pytest.raises(JournalError, match=r"record 2 in message 1.*strict=False(.|\n)*is 41(.|\n)*is 42"):
        ReplayModel(path).generate(conversation("the answer is 42", "yes", "b"))


def test_a_replay_that_is_not_strict_goes_on_in_order(tmp_path):
    path = tmp_path / "run.jsonl"
    record(path, conversation("a"), conversation("b"))
    replay = ReplayModel(path, strict=False)
    assert [replay.generate(conversation(text)).content for text in ("changed", "b")] == ["reply 0", "reply 1"]
    with pytest.raises(JournalError, match="all of them were served"):
        replay.generate(conversation("more"))


def test_ids_of_calls_do_not_count_but_what_was_called_does(tmp_path):
    def history(call_id, argument):
        call = {"id": call_id, "function": {"name": "add", "arguments": {"a": argument}}}
        return [
            *ASK,
            ChatMessage("assistant", None, [call]),
            ChatMessage("tool-response", "2", tool_call_id=call_id),
        ]

    path = tmp_path / "run.jsonl"
    record(path, history("x", 1))
    assert ReplayModel(path).generate(history("y", 1)).content == "reply 0"
    with pytest.raises(JournalError):
        ReplayModel(path).generate(history("x", 2))


def test_a_recording_of_a_relay_replays():
    request = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stop": ["END"], "stream": True}
    function = {"name": "add", "arguments": '{"a": 1}'}
    reply = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": function}],
    }
    said = ReplayModel([{"request": request, "reply": reply, "seconds": 1.5}], usage=TokenUsage(1, 2)).generate(ASK)
    assert (said.tool_calls[0].id, said.tool_calls[0].function.name) == ("c", "add")
    assert said.token_usage == TokenUsage(1, 2)


@pytest.mark.parametrize(
    "line",
    [
        "half a li",
        "3",
        '{"request": {}}',
        '{"request": {"messages": 3}, "reply": {}}',
        '{"request": [], "reply": 1}',
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(tmp_path, line):
    path = tmp_path / "run.jsonl"
    record(path, conversation("a"))
    path.write_text(path.read_text() + line)
    with pytest.raises(JournalError, match="line 2"):
        ReplayModel(path)


def test_what_ends_a_line_elsewhere_ends_no_line_of_a_recording(tmp_path):
    path = tmp_path / "run.jsonl"
    record(path, conversation("a"), replies=["one\u2028two\x85three\x0bfour"])
    assert ReplayModel(path).generate(conversation("a")).content == "one\u2028two\x85three\x0bfour"


@pytest.mark.parametrize("stream", [False, True])
def test_a_live_model_is_recorded_as_it_is_used(tmp_path, stream):
    path = tmp_path / "run.jsonl"
    with OpenAIServer([Answer("a live reply", tool_calls=[("add", {"a": 1})])]) as server:
        model = RecordingModel(OpenAIModel("m", api_base=server.url), path)
        assert model.can_stream
        live = agglomerate_stream_deltas(model.generate_stream(ASK)) if stream else model.generate(ASK)
    replayed = ReplayModel(path).generate(ASK)
    assert replayed.content == live.content == "a live reply"
    assert replayed.tool_calls == live.tool_calls
    assert replayed.token_usage == live.token_usage == TokenUsage(50, 7, 40, 3)


def test_any_object_that_generates_can_be_recorded(tmp_path):
    class Plain:
        def generate(self, messages, stop_sequences=None):
            return ChatMessage("assistant", "plain")

    model = RecordingModel(Plain(), tmp_path / "run.jsonl")
    assert model.generate(ASK).content == "plain"
    assert not model.can_stream
    assert "".join(piece.content for piece in model.generate_stream(ASK)) == "plain"
    assert model.transient(TimeoutError()) == Transient()
    assert model.cost(TokenUsage(1, 1)) is None


def test_a_recording_model_passes_judgement_on_to_its_model(tmp_path):
    class Judge(Model):
        def generate(self, messages):
            raise ValueError

        def transient(self, error):
            return Transient(3.0)

    model = RecordingModel(Judge(prices=(1, 1)), tmp_path / "run.jsonl")
    assert model.transient(ValueError()) == Transient(3.0)
    assert model.cost(TokenUsage(500_000, 500_000)) == 1.0
