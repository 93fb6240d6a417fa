"""Replaying a recording without the model that made it.

A reply is found by the request: what was said in which roles, and the tools that were offered. So runs that go on
at once each get their own replies, in any order.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..messages import ChatMessage, TokenUsage
from .base import Messages, Model
from .parsing import parse_arguments
from .recording import request_body
from .scripted import as_message
from .stops import cut_reply

Record = Mapping[str, Any]


@dataclass(slots=True)
class _Exchange:
    """A recorded reply. `essence` tells the request it belongs to, `used` whether it was served."""

    number: int
    essence: list[str]
    reply: Mapping[str, Any]
    usage: TokenUsage | None
    used: bool = False


class ReplayModel(Model):
    """Replies with what was recorded for the same request.

    `recording` is the path of a recording, or its records. Equal requests get their replies in order, and the last
    one again and again. A system prompt that was changed since doesn't matter. Where a request was not recorded:
    `JournalError`, which shows how it differs; or, with `strict=False`, the next reply that wasn't served yet, so
    that a recording survives a changed prompt. `usage`: the tokens of a reply whose record doesn't tell.
    """

    native_tool_history = True

    def __init__(
        self,
        recording: str | Path | Iterable[Record],
        *,
        strict: bool = True,
        usage: TokenUsage | None = None,
        model_id: str = "replay",
        **kwargs: Any,
    ) -> None:
        super().__init__(model_id=model_id, **kwargs)
        self.strict, self.usage = strict, usage
        self._exchanges = list(_exchanges(recording))
        self._lock = threading.Lock()

    def generate(
        self,
        messages: Messages,
        stop_sequences: list[str] | None = None,
        response_format: dict[str, Any] | None = None,
        tools_to_call_from: Any = None,
        **_: Any,
    ) -> ChatMessage:
        """The recorded reply, cut at the stop sequences."""
        asked = request_body(self.model_id, messages, stop_sequences, response_format, tools_to_call_from)
        with self._lock:
            exchange = self._find(_essence(asked))
            exchange.used = True
        reply = as_message(exchange.reply, messages, f"call_{exchange.number}")
        cut_reply(reply, stop_sequences)
        reply.token_usage = exchange.usage or self.usage
        return reply

    async def agenerate(self, messages: Messages, *args: Any, **kwargs: Any) -> ChatMessage:
        """As `generate`; there is nothing to wait for."""
        return self.generate(messages, *args, **kwargs)

    def _find(self, essence: list[str]) -> _Exchange:
        same = self._same(essence) or self._same(_without_system(essence), _without_system)
        if same:
            return next((exchange for exchange in same if not exchange.used), same[-1])
        unused = [exchange for exchange in self._exchanges if not exchange.used]
        if unused and not self.strict:
            return unused[0]
        raise JournalError(_complaint(essence, unused, len(self._exchanges)))

    def _same(self, essence: list[str], part: Callable[[list[str]], list[str]] = list) -> list[_Exchange]:
        return [exchange for exchange in self._exchanges if part(exchange.essence) == essence]


def _without_system(essence: list[str]) -> list[str]:
    return [text for text in essence if not text.startswith("system: ")]


def _exchanges(recording: str | Path | Iterable[Record]) -> Iterator[_Exchange]:
    if not isinstance(recording, str | Path):
        yield from (_exchange(number, record) for number, record in enumerate(recording, 1))
        return
    with Path(recording).open(encoding="utf-8") as lines:  # which end at line ends only, unlike `splitlines`
        for number, line in enumerate(lines, 1):
            try:
                exchange = _exchange(number, json.loads(line))
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise JournalError(f"{str(recording)!r} is no recording: line {number}: {error!r}") from error
            yield exchange


def _exchange(number: int, record: Record) -> _Exchange:
    told = record.get("usage")
    names = ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
    usage = TokenUsage(*(told.get(name, 0) for name in names)) if told else None
    return _Exchange(number, _essence(record["request"]), record["reply"], usage)


def _essence(body: Record) -> list[str]:
    """What makes two requests the same, a text per message and tool. Ids of calls don't count."""
    tools = [f"offers {tool['function']['name']}" for tool in body.get("tools") or ()]
    return [*map(_message_essence, body["messages"]), *tools]


def _message_essence(message: Record) -> str:
    content = message.get("content")
    said = content if isinstance(content, str) else json.dumps(content, sort_keys=True) if content else ""
    calls = [
        f"calls {call['function']['name']} with {parse_arguments(call['function']['arguments'])!r}"
        for call in message.get("tool_calls") or ()
    ]
    return "\n".join([f"{message['role']}: {said}", *calls])


def _complaint(asked: list[str], unused: list[_Exchange], count: int) -> str:
    """Why nothing fits, shown at the recorded request that agrees with the one that was asked for longest."""
    hint = "record it again, or replay it with strict=False"
    if not unused:
        return f"this request is not among the {count} recorded ones, and all of them were served: {hint}"
    closest = max(unused, key=lambda exchange: _closeness(asked, exchange.essence))
    place, at = _closeness(asked, closest.essence)
    wanted = closest.essence[place] if place < len(closest.essence) else "(nothing)"
    found = asked[place] if place < len(asked) else "(nothing)"
    at = max(0, at - 40)
    return (
        f"this request is not among the {count} recorded ones. It differs from record {closest.number} in message "
        f"{place + 1}: {hint}\n  recorded: ...{wanted[at : at + 160]!r}\n  asked:    ...{found[at : at + 160]!r}"
    )


def _closeness(asked: list[str], recorded: list[str]) -> tuple[int, int]:
    """How many messages agree, and how many characters of the next."""
    place = _agreement(asked, recorded)
    return place, _agreement(*((essence[place] if place < len(essence) else "") for essence in (asked, recorded)))


def _agreement(first: Any, second: Any) -> int:
    """How far two sequences agree from their beginnings."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))
