"""Messages as chat APIs take them: dicts with `role` and `content`, and tool calls where the API has them.

Rule: the same messages give the same dicts, byte for byte, and a longer conversation begins with the dicts of the
shorter one, so that providers can cache the prefix. Neighbours of one role become one message, because many models'
templates want the roles to alternate; messages of tools stay apart.

Where the API takes no tool calls, or where a call has lost its answer (providers refuse such a history), calls and
results are written as text, in the form in which `parsing.py` reads calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..messages import ChatMessage, ChatMessageToolCall, MessageRole
from .images import encode_image, image_url

tool_role_conversions: dict[MessageRole, MessageRole] = {
    MessageRole.TOOL_CALL: MessageRole.ASSISTANT,
    MessageRole.TOOL_RESPONSE: MessageRole.USER,
}

Roles = Mapping[Any, Any]
"""Which role a message is sent under: from a `MessageRole` (or its text) to one, or to a provider's own text."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an API wants messages.

    `tools`: it takes tool calls and tool results. `image_urls`: images go as `image_url` parts and text goes as a
    plain string, as in OpenAI's API; else images go as base64 `image` parts. `flatten`: text only, always a string.
    The keys are those under which calls are written as text.
    """

    roles: Roles = field(default_factory=lambda: tool_role_conversions)
    tools: bool = False
    image_urls: bool = False
    flatten: bool = False
    name_key: str = "name"
    arguments_key: str = "arguments"


def get_clean_message_list(
    message_list: Sequence[ChatMessage | dict[str, Any]],
    role_conversions: Roles | None = None,
    convert_images_to_image_urls: bool = False,
    flatten_messages_as_text: bool = False,
) -> list[dict[str, Any]]:
    """The messages as dicts of `role` and `content`, neighbours of one role merged.

    Raises `ValueError` for a role that doesn't exist, and for an image where only text can go.
    """
    image_urls, flatten = convert_images_to_image_urls, flatten_messages_as_text
    return wire_messages(message_list, Dialect(role_conversions or {}, image_urls=image_urls, flatten=flatten))


def wire_messages(messages: Sequence[ChatMessage | dict[str, Any]], dialect: Dialect) -> list[dict[str, Any]]:
    """The messages in a dialect. Raises as `get_clean_message_list`."""
    own = [m if isinstance(m, ChatMessage) else ChatMessage.from_dict(m) for m in messages]
    merged: list[dict[str, Any]] = []
    for wired in _Wiring(own, dialect).all():
        if merged and _mergeable(merged[-1], wired):
            merged[-1]["content"] = _merged(merged[-1]["content"], wired["content"])
        else:
            merged.append(wired)
    return [_sendable(message) for message in merged]


def _sendable(message: dict[str, Any]) -> dict[str, Any]:
    """The message without lone surrogates, which stand for bytes that are no text and can't be encoded."""
    content = message["content"]
    if isinstance(content, str):
        message["content"] = _encodable(content)
    elif content is not None:
        message["content"] = [{**p, "text": _encodable(p["text"])} if "text" in p else p for p in content]
    for call in message.get("tool_calls", ()):
        call["function"]["arguments"] = _encodable(call["function"]["arguments"])
    return message


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


class _Wiring:
    """One conversion. Knows the calls that were made so far, because a result is told by what it answers."""

    def __init__(self, messages: list[ChatMessage], dialect: Dialect) -> None:
        self._messages, self._dialect = messages, dialect
        self._roles = {MessageRole(role): getattr(to, "value", to) for role, to in dialect.roles.items()}
        self._names: dict[str, str] = {}
        self._native: set[str] = set()

    def all(self) -> Iterator[dict[str, Any]]:
        images: list[dict[str, Any]] = []
        for position, message in enumerate(self._messages):
            answers = message.role == MessageRole.TOOL_RESPONSE and message.tool_call_id in self._native
            if images and not answers:
                yield {"role": "user", "content": images}
                images = []
            if answers:
                content, found = self._tool_content(message)
                images += found
                yield {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}
            else:
                yield self._one(position, message)
        if images:
            yield {"role": "user", "content": images}

    def _one(self, position: int, message: ChatMessage) -> dict[str, Any]:
        role = self._roles.get(MessageRole(message.role), MessageRole(message.role).value)
        if message.tool_calls:
            self._names.update((call.id, call.function.name) for call in message.tool_calls)
            self._native = self._answered(position) if self._dialect.tools else set()
            if self._native:
                calls = [wire_call(call) for call in message.tool_calls]
                return {"role": role, "content": message.text or None, "tool_calls": calls}
        return {"role": role, "content": self._content(message)}

    def _answered(self, position: int) -> set[str]:
        """The ids of a message's calls if every one of them is answered right after it, else none."""
        wanted = {call.id for call in self._messages[position].tool_calls or ()}
        following = range(position + 1, len(self._messages))
        found: set[str | None] = set()
        for message in map(self._messages.__getitem__, following):
            if message.role != MessageRole.TOOL_RESPONSE:
                break
            found.add(message.tool_call_id)
        return wanted if wanted <= found else set()

    def _content(self, message: ChatMessage) -> Any:
        content = message.content if message.content is not None else ""
        if message.tool_calls:
            content = _joined(content, self._calls_as_text(message.tool_calls)) if content else ""
            content = content or self._calls_as_text(message.tool_calls)
        elif message.tool_call_id is not None:
            content = _joined(self._told_by(message.tool_call_id), content)
        if isinstance(content, str):
            return content
        if self._dialect.flatten or (self._dialect.image_urls and _only_text(content)):
            return _flat(content)
        return [self._part(part) for part in content]

    def _calls_as_text(self, calls: Iterable[ChatMessageToolCall]) -> str:
        name, arguments = self._dialect.name_key, self._dialect.arguments_key
        said = ({name: call.function.name, arguments: call.function.arguments} for call in calls)
        return "\n".join(json.dumps(call, ensure_ascii=False, default=str) for call in said)

    def _told_by(self, call_id: str) -> str:
        name = self._names.get(call_id)
        return f"Result of {name}:" if name else "Result:"

    def _part(self, part: dict[str, Any]) -> dict[str, Any]:
        if part.get("type") != "image":
            return dict(part)
        if self._dialect.image_urls:
            return {"type": "image_url", "image_url": {"url": image_url(part["image"])}}
        return {"type": "image", "image": encode_image(part["image"])[1]}

    def _tool_content(self, message: ChatMessage) -> tuple[str, list[dict[str, Any]]]:
        """The text of a tool's result, and its images, which APIs take from users only."""
        if not isinstance(message.content, list):
            return message.text, []
        return message.text, [self._part(part) for part in message.content if part.get("type") != "text"]


def wire_call(call: ChatMessageToolCall) -> dict[str, Any]:
    """A tool call as OpenAI's API has it."""
    arguments = call.function.arguments
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments if arguments is not None else {}, ensure_ascii=False, default=str)
    return {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": arguments}}


def _mergeable(first: dict[str, Any], second: dict[str, Any]) -> bool:
    if first["role"] != second["role"] or first["role"] == "tool":
        return False
    return "tool_calls" not in first and "tool_calls" not in second


def _merged(first: Any, second: Any) -> Any:
    """The contents of two messages as one; an empty line tells texts of two messages apart."""
    return f"{first}\n\n{second}" if isinstance(first, str) and isinstance(second, str) else _joined(first, second)


def _joined(first: Any, second: Any) -> Any:
    """Two contents as one: texts that meet are joined by a newline."""
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n{second}"
    parts, more = _parts(first), _parts(second)
    if parts and more and parts[-1].get("type") == "text" == more[0].get("type"):
        text = parts[-1]["text"] + "\n" + more[0]["text"]
        return [*parts[:-1], {"type": "text", "text": text}, *more[1:]]
    return parts + more


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _only_text(content: list[dict[str, Any]]) -> bool:
    return all(part.get("type") == "text" for part in content)


def _flat(content: list[dict[str, Any]]) -> str:
    if not _only_text(content):
        raise ValueError(
            "the messages hold an image, and flatten_messages_as_text=True sends text only: "
            "give the model flatten_messages_as_text=False, or leave the images out"
        )
    return "\n".join(part["text"] for part in content)
