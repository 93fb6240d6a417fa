"""What a kernel tells, checked: every function here raises `FrameError` for what doesn't have the agreed form.

The rule: nothing that comes from a kernel is believed, however it is wrapped. A value that passes is one of the
types that it says, within its limits; that it is true, nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .box import CodeOutput, SnippetError
from .files import told_names
from .kernel import Codec, FrameError, libraries
from .link import Blobs, Message
from .text import plain_text


def takes_of(message: Message) -> frozenset[str]:
    """The libraries of a kernel that has just started."""
    takes = message.get("takes")
    if message["is"] != "ready" or type(takes) is not list or not all(type(name) is str for name in takes):
        raise FrameError(f"a kernel that doesn't say it is ready: {message!r:.200}")
    return frozenset(takes) & frozenset(libraries())


def checked(value: Any, *kinds: type) -> Any:
    """A value of one of these types, and not of a subclass."""
    if type(value) not in kinds:
        raise FrameError(f"a {type(value).__name__} where {kinds[0].__name__} belongs")
    return value


def calls_of(message: Message, codec: Codec, blobs: Blobs) -> list[tuple[int, str, list[Any], dict[str, Any]]]:
    """Tool calls: each with its number, the tool's name, and the arguments by place and by name."""
    calls = []
    for call in checked(message.get("calls"), list):
        if type(call) is not list or len(call) != 4:
            raise FrameError("a call that is none")
        number, name = checked(call[0], int), checked(call[1], str)
        args, kwargs = codec.decode(call[2], blobs), codec.decode(call[3], blobs)
        if type(args) is not list or type(kwargs) is not dict or not all(type(key) is str for key in kwargs):
            raise FrameError("a call's arguments that are none")
        calls.append((number, name, args, kwargs))
    return calls


def output_of(message: Message, codec: Codec, blobs: Blobs, tools: Mapping[str, Any]) -> CodeOutput:
    """How a snippet ended."""
    changed = checked(message.get("changed"), list)
    if len(changed) > 100_000 or not all(type(name) is str and len(name) <= 1000 for name in changed):
        raise FrameError("changed names that are none")
    files = tuple(name for name in told_names(message.get("files")) if name.isprintable())
    failure = checked(message.get("error"), type(None), list)
    if failure is not None:
        return CodeOutput(error=_error_of(failure, tools), changed=tuple(changed), files=files)
    final = checked(message.get("final"), bool)
    if final and "final_answer" not in tools:
        raise FrameError("a final answer, which nobody asked for")
    text = checked(message.get("text"), type(None), str)
    return CodeOutput(
        codec.decode(message.get("value"), blobs),
        is_final_answer=final,
        changed=tuple(changed),
        files=files,
        shown=checked(message.get("shown"), bool),
        text=None if text is None else plain_text(text[:30_000]),
    )


def _error_of(failure: list[Any], tools: Mapping[str, Any]) -> SnippetError:
    if len(failure) != 5:
        raise FrameError("an error that is none")
    kind, words, line, trace, tool = failure
    checked(line, int, type(None))
    if checked(tool, str, type(None)) not in tools:
        tool = None
    kind, words, trace = _shown(kind, 200), _shown(words, 10_000), _shown(trace, 20_000)
    return SnippetError(kind, words, line, trace, tool)


def _shown(words: Any, most: int) -> str:
    return plain_text(checked(words, str)[:most])
