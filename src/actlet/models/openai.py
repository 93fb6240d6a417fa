"""Models behind OpenAI's chat completions API: OpenAI itself, and the many servers that speak the same.

One copy of the logic, asynchronous, on the official SDK. The SDK is imported at the first request, and told not to
try again by itself: the run does that, where it can be seen and stopped.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from json import JSONDecodeError
from typing import Any

from ..errors import MissingExtraError, NoReplyError
from ..messages import ChatMessage, ChatMessageStreamDelta
from .base import Format, Messages, Model
from .clients import ClientsPerLoop
from .openai_replies import ChunkReader, check_stream, complain, no_api, read_completion
from .pace import Pace
from .stops import StopCutter, cut_reply
from .transient import Transient, status_may_pass
from .wire import Roles

READ_ON_SECONDS = 1.0
"""How long the tokens of a streamed reply are waited for that was cut at a stop sequence here."""

_TRANSIENT_CODES = frozenset({"server_error", "internal_error", "overloaded_error", "rate_limit_exceeded"})
_OTHER_CREDENTIALS = frozenset({"api_key", "admin_api_key", "workload_identity", "provider"})


class OpenAIModel(Model):
    """A model of OpenAI, or of any server with the same API.

    `api_base`: the server's URL, as `http://localhost:11434/v1`; OpenAI's if there is none here and in
    `OPENAI_BASE_URL`. `api_key`: by default `OPENAI_API_KEY`; a server of your own needs none. `organization`,
    `project` and `client_kwargs` go to the SDK's client; `client` is an `AsyncOpenAI` to use instead.
    `custom_role_conversions`: which roles are sent under another name; one for `tool-call` or `tool-response` makes
    the history of tools text, for servers that take no tool messages. `timeout`: seconds to wait for the server to
    send something. `requests_per_minute`: at most so many, evenly spaced. `retry=False`: failures are final.
    `kwargs` go into every request, as `temperature`, `max_tokens` or `tool_choice="auto"`.

    A reply that ends because the tokens ran out comes as far as it got, with `finish_reason="length"`.

    Raises `ValueError` if a key is needed and there is none, or if `api_base` is no URL, and `MissingExtraError`
    without the SDK.
    """

    native_tool_history = True

    def __init__(
        self,
        model_id: str,
        api_base: str | None = None,
        api_key: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        client_kwargs: Mapping[str, Any] | None = None,
        custom_role_conversions: Roles | None = None,
        flatten_messages_as_text: bool = False,
        *,
        client: Any = None,
        requests_per_minute: float | None = None,
        retry: bool = True,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        if importlib.util.find_spec("openai") is None:
            raise MissingExtraError(type(self).__name__, "openai")
        super().__init__(flatten_messages_as_text, model_id=model_id, **kwargs)
        self.api_base, self.api_key = api_base, api_key
        self.organization, self.project = organization, project
        self.client_kwargs = client_kwargs
        self.custom_role_conversions = custom_role_conversions
        self.client, self.timeout = client, timeout
        self.requests_per_minute, self.retry = requests_per_minute, retry
        self._pace = Pace(requests_per_minute)
        self._clients = ClientsPerLoop()
        self._ends_streams: bool | None = None
        self._check()

    def _check(self) -> None:
        openai = sys.modules.get("openai")
        if openai is not None and isinstance(self.client, openai.OpenAI):
            raise TypeError(f"client={self.client!r} blocks: give an openai.AsyncOpenAI")
        if self.api_base and not self.api_base.startswith(("http://", "https://")):
            raise ValueError(f"api_base must be a URL, as http://{self.api_base}; it is {self.api_base!r}")
        if self.client is not None or _OTHER_CREDENTIALS.intersection(self.client_kwargs or ()):
            return
        if self._key() is None:
            raise ValueError(
                f"{self.model_id!r} needs an API key: set OPENAI_API_KEY or give api_key=, "
                "or give api_base= for a server of your own"
            )

    def _key(self) -> Any:
        """The key to send. The SDK wants some text even where the server wants none."""
        own_server = self.api_base or os.environ.get("OPENAI_BASE_URL")
        return self.api_key or os.environ.get("OPENAI_API_KEY") or ("none" if own_server else None)

    def create_client(self) -> Any:
        """A new `AsyncOpenAI`, made once per event loop. Subclasses make their own kind."""
        from openai import AsyncOpenAI

        settings = {
            "api_key": self._key(),
            "base_url": self.api_base,
            "organization": self.organization,
            "project": self.project,
            "timeout": self.timeout,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        return AsyncOpenAI(**{"max_retries": 0, **given, **(self.client_kwargs or {})})

    async def agenerate(
        self,
        messages: Messages,
        stop_sequences: list[str] | None = None,
        response_format: Format = None,
        tools_to_call_from: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> ChatMessage:
        """The reply. `raw` is the SDK's completion. Raises the SDK's errors, and `NoReplyError`."""
        request = self._request(messages, stop_sequences, response_format, tools_to_call_from, kwargs)
        reply = read_completion(await self._create(request), self.model_id)
        cut_reply(reply, stop_sequences)
        return reply

    async def agenerate_stream(
        self,
        messages: Messages,
        stop_sequences: list[str] | None = None,
        response_format: Format = None,
        tools_to_call_from: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[ChatMessageStreamDelta, None]:
        """The reply in pieces; the last one has the usage. Closing it closes the connection."""
        streaming = {"stream": True, "stream_options": {"include_usage": True}, **kwargs}
        request = self._request(messages, stop_sequences, response_format, tools_to_call_from, streaming)
        async with await self._create(request) as chunks:
            async for delta in self._deltas(chunks, StopCutter(stop_sequences)):
                yield delta

    async def _create(self, request: dict[str, Any]) -> Any:
        """What the SDK makes of the server's answer. Its errors say where the server was looked for."""
        from openai import APIConnectionError

        await self._pace.turn()
        client = self.client or await self._clients.get(self.create_client)
        try:
            return await client.chat.completions.create(**request)
        except APIConnectionError as error:
            because = f": {error.__cause__}" if str(error.__cause__ or "") else ""
            url = error.request.url.copy_with(userinfo=b"")  # there may be a password in it
            error.args = (f"{error} ({url}{because})",)
            raise
        except JSONDecodeError as error:
            raise no_api(self.model_id, error.doc) from error

    def _request(
        self, messages: Messages, stops: list[str] | None, form: Format, tools: Any, kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        return self._prepare_completion_kwargs(
            messages=messages,
            stop_sequences=stops,
            response_format=form,
            tools_to_call_from=tools,
            custom_role_conversions=self.custom_role_conversions,
            convert_images_to_image_urls=True,
            **{"model": self.model_id, **kwargs},
        )

    async def _deltas(self, chunks: Any, cutter: StopCutter) -> AsyncGenerator[ChatMessageStreamDelta, None]:
        """The pieces of a reply, cut at the stop sequences; the last has its usage, and why it ended."""
        check_stream(chunks, self.model_id)
        reader, rest, empty = ChunkReader(), aiter(chunks), True
        async for chunk in rest:
            delta = reader.read(chunk)
            if delta is None:
                continue
            empty = False
            delta.content = cutter.feed(delta.content) if delta.content else None
            if delta.content or delta.tool_calls:
                yield delta
            if cutter.stopped:
                await _read_on(rest, reader)
                reader.finish_reason = "stop"
                break
        self._check_end(reader)
        if empty:
            complain(reader.finish_reason, self.model_id)
        yield ChatMessageStreamDelta(cutter.flush(), token_usage=reader.usage, finish_reason=reader.finish_reason)

    def _check_end(self, reader: ChunkReader) -> None:
        """Raise `ConnectionError` if the stream ended before the reply did: nobody said that it had ended.

        Some servers never say so. That a server is one of these shows in the second try.
        """
        expected, self._ends_streams = self._ends_streams, reader.was_ended or self._ends_streams is True
        if not reader.was_ended and expected is not False:
            raise ConnectionError(f"the stream of {self.model_id!r} broke off in the middle of the reply")

    def transient(self, error: BaseException) -> Transient | None:
        """As of `Model`, and for lost connections, overloaded servers in the middle of a stream, and no reply."""
        if not self.retry:
            return None
        return super().transient(error) or (Transient() if _may_pass(error) else None)


OpenAIServerModel = OpenAIModel


async def _read_on(rest: AsyncIterator[Any], reader: ChunkReader) -> None:
    """Read on for the usage, which comes last; but not for long, for a model that takes no stop sequences may have
    much more to say. The reply itself is whole: whatever fails now doesn't matter."""
    from asyncio import timeout

    with suppress(Exception):
        async with timeout(READ_ON_SECONDS):
            async for chunk in rest:
                reader.read(chunk)


def _may_pass(error: BaseException) -> bool:
    """What only this SDK's errors tell: lost connections, and failures inside a stream, which have a code."""
    import openai

    if isinstance(error, (openai.APIConnectionError, *_transport_errors())):
        return True
    if isinstance(error, openai.APIStatusError) or not isinstance(error, openai.APIError | NoReplyError):
        return False
    code = str(getattr(error, "code", None) or getattr(error, "type", None) or "")
    return code in _TRANSIENT_CODES or (code.isdecimal() and status_may_pass(int(code)))


def _transport_errors() -> tuple[type[BaseException], ...]:
    """What SDKs before 3 let through when a connection breaks in the middle of a stream."""
    httpx = sys.modules.get("httpx")
    return () if httpx is None else (httpx.RequestError,)
