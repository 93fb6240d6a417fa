import base64
import gc
import io
from types import SimpleNamespace

import pytest
from PIL import Image

from actlet.media import AgentImage
from actlet.messages import ChatMessage, MessageRole
from actlet.models import get_clean_message_list, get_tool_json_schema, tool_role_conversions
from actlet.models.images import _encoded, encode_image, image_url
from actlet.models.wire import Dialect, wire_messages


def part(text):
    return {"type": "text", "text": text}


def call(call_id, name="f", arguments=None):
    return {"id": call_id, "function": {"name": name, "arguments": arguments or {}}}


def png(colour="red"):
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), colour).save(buffer, format="PNG")
    return buffer.getvalue()


def test_neighbours_of_one_role_become_one_message():
    cleaned = get_clean_message_list(
        [
            ChatMessage("user", [part("one")]),
            ChatMessage("user", [part("two")]),
            ChatMessage("assistant", "three"),
            ChatMessage("assistant", "four"),
        ]
    )
    assert cleaned == [
        {"role": "user", "content": [part("one\ntwo")]},
        {"role": "assistant", "content": "three\n\nfour"},
    ]


def test_dicts_are_messages_too_and_nothing_given_is_changed():
    given = [{"role": "user", "content": [part("one")]}, {"role": "user", "content": [part("two")]}]
    get_clean_message_list(given)
    assert given[0] == {"role": "user", "content": [part("one")]}


def test_roles_are_converted():
    messages = [ChatMessage("tool-call", "calling"), ChatMessage("tool-response", "result")]
    roles = [message["role"] for message in get_clean_message_list(messages, tool_role_conversions)]
    assert roles == ["assistant", "user"]
    renamed = get_clean_message_list([ChatMessage("system", "s")], {"system": "developer"})
    assert renamed == [{"role": "developer", "content": "s"}]


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="narrator"):
        get_clean_message_list([{"role": "narrator", "content": "once"}])


def test_images_go_as_base64_or_as_urls():
    image = Image.new("RGB", (2, 2))
    message = ChatMessage("user", [part("look"), {"type": "image", "image": image}])
    plain = get_clean_message_list([message])[0]["content"][1]
    url = get_clean_message_list([message], convert_images_to_image_urls=True)[0]["content"][1]
    assert base64.b64decode(plain["image"]).startswith(b"\x89PNG")
    assert url == {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{plain['image']}"}}


def test_flattened_messages_are_text_and_refuse_images():
    messages = [ChatMessage("user", [part("one"), part("two")])]
    assert get_clean_message_list(messages, flatten_messages_as_text=True) == [
        {"role": "user", "content": "one\ntwo"}
    ]
    messages = [ChatMessage("user", [{"type": "image", "image": png()}])]
    with pytest.raises(ValueError, match="flatten_messages_as_text"):
        get_clean_message_list(messages, flatten_messages_as_text=True)


@pytest.mark.parametrize("given", ["image", "bytes", "path", "text path", "wrapped"])
def test_an_image_may_be_given_as_anything_that_is_one(given, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())

    class Wrapped:
        def to_raw(self):
            return Image.open(path)

    image = {"image": Image.open(path), "bytes": png(), "path": path, "text path": str(path), "wrapped": Wrapped()}
    mime, data = encode_image(image[given])
    assert mime == "image/png"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (2, 2)


def test_urls_of_images_stay_as_they_are():
    assert image_url("https://example.org/a.png") == "https://example.org/a.png"
    assert image_url("data:image/png;base64,AA") == "data:image/png;base64,AA"


def test_what_is_no_image_is_refused():
    with pytest.raises(TypeError, match="no image"):
        encode_image(3)
    with pytest.raises(ValueError, match="PNG"):
        encode_image(b"text")


@pytest.mark.parametrize("kind", [lambda image: image, AgentImage])
def test_an_image_is_encoded_once_and_forgotten_with_the_image(kind):
    image = kind(Image.new("RGB", (2, 2)))
    assert encode_image(image) is encode_image(image)
    count = len(_encoded)
    del image
    gc.collect()
    assert len(_encoded) == count - 1


# Tool calls in the history

NATIVE, TEXT = Dialect(tools=True, image_urls=True), Dialect(image_urls=True)
ANSWERED = [
    ChatMessage("assistant", "So:", [call("1", "f"), call("2", "g", {"x": "é"})]),
    ChatMessage("tool-response", "one", tool_call_id="1"),
    ChatMessage("tool-response", "two", tool_call_id="2"),
]


def test_calls_and_results_keep_their_ids_where_the_api_has_them():
    wired = wire_messages(ANSWERED, NATIVE)
    assert [message["role"] for message in wired] == ["assistant", "tool", "tool"]
    assert [c["id"] for c in wired[0]["tool_calls"]] == [m["tool_call_id"] for m in wired[1:]] == ["1", "2"]
    assert wired[0]["tool_calls"][1]["function"] == {"name": "g", "arguments": '{"x": "é"}'}


def test_calls_and_results_are_written_as_text_where_the_api_has_none():
    assert wire_messages(ANSWERED, TEXT) == [
        {
            "role": "assistant",
            "content": 'So:\n{"name": "f", "arguments": {}}\n{"name": "g", "arguments": {"x": "é"}}',
        },
        {"role": "user", "content": "Result of f:\none\n\nResult of g:\ntwo"},
    ]


def test_calls_that_lost_an_answer_are_written_as_text():
    wired = wire_messages(ANSWERED[:2], NATIVE)
    assert [message["role"] for message in wired] == ["assistant", "user"]
    assert "tool_calls" not in wired[0]


def test_results_that_lost_their_call_are_written_as_text():
    assert wire_messages(ANSWERED[1:2], NATIVE) == [{"role": "user", "content": "Result:\none"}]


def test_two_turns_may_use_the_same_ids():
    wired = wire_messages(ANSWERED * 2, NATIVE)
    assert [message["role"] for message in wired] == ["assistant", "tool", "tool"] * 2


def test_images_of_results_follow_all_results():
    image = {"type": "image", "image": png()}
    first = ChatMessage("tool-response", [part("one"), image], tool_call_id="1")
    wired = wire_messages([ANSWERED[0], first, ANSWERED[2], ChatMessage("user", "Next.")], NATIVE)
    assert [message["role"] for message in wired] == ["assistant", "tool", "tool", "user"]
    assert wired[1]["content"] == "one"
    assert [piece["type"] for piece in wired[3]["content"]] == ["image_url", "text"]


def test_a_tool_without_a_schema_of_its_own_gets_one_from_its_inputs():
    inputs = {
        "path": {"type": "string", "description": "Where."},
        "how": {"type": "any", "description": "How.", "nullable": True},
    }
    old = SimpleNamespace(name="old", description="An old tool.", inputs=inputs)
    assert get_tool_json_schema(old)["function"]["parameters"] == {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Where."}, "how": {"description": "How."}},
        "required": ["path"],
    }


def test_roles_may_be_given_as_text_or_as_roles():
    for role in ("tool-call", MessageRole.TOOL_CALL):
        assert get_clean_message_list([ChatMessage(role, "x")], {role: "assistant"})[0]["role"] == "assistant"
