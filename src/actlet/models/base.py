"""What a model is: something that continues a conversation.

A subclass implements one method, `generate` or `agenerate`, and may add one for streams, `generate_stream` or
`agenerate_stream`; the rest is derived. `is_async` and `can_stream` tell what it has. Nothing here waits and tries
again: `transient` says whether that may help, and the run does it.

Attributes have defaults on the class, so that a subclass may leave `super().__init__()` out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from types import MappingProxyType
from typing import Any, Self

from .. import bridges
from ..errors import AgentParsingError
from ..messages import (
    ChatMessage,
    ChatMessageStreamDelta,
    ChatMessageToolCall,
    ChatMessageToolCallFunction,
    ChatMessageToolCallStreamDelta,
    MessageRole,
    TokenUsage,
)
from .parsing import calls_in_text, new_call_id, parse_arguments
from .prices import Prices
from .saving import settings_of
from .schemas import get_tool_json_schema
from .stops import supports_stop_parameter
from .transient import Transient, transient
from .wire import Dialect, Roles, wire_messages

REMOVE_PARAMETER = "<REMOVE_PARAMETER>"
"""As the value of a model's parameter: leave that parameter out of the request. Text, so that it can be saved."""

Messages = Sequence[ChatMessage]
Format = dict[str, Any] | None


class Model:
    """The base of all models.

    `model_id` names the model to its provider. `flatten_messages_as_text` sends text only, as plain strings.
    `tool_name_key` and `tool_arguments_key` are the keys of a tool call written as text. `prices`: what a million
    tokens cost, as (input, output), (input, cached input, output) or a dict of these names. All other `kwargs` go
    into every request, and win over what a call gives; `REMOVE_PARAMETER` as a value leaves a parameter out.
    """

    model_id: str | None = None
    flatten_messages_as_text: bool = False
    tool_name_key: str = "name"
    tool_arguments_key: str = "arguments"
    prices: Prices | None = None
    kwargs: Mapping[str, Any] = MappingProxyType({})
    native_tool_history: bool = False
    """Whether the provider takes tool calls and their results as such in the history."""
    is_async: bool = False
    """Whether the class's own way to reply is `agenerate`."""
    can_stream: bool = False
    """Whether replies really come in pieces; else a stream is the whole reply as one piece."""

    def __init__(
        self,
        flatten_messages_as_text: bool = False,
        tool_name_key: str = "name",
        tool_arguments_key: str = "arguments",
        model_id: str | None = None,
        *,
        prices: Any = None,
        **kwargs: Any,
    ) -> None:
        self.flatten_messages_as_text = flatten_messages_as_text
        self.tool_name_key = tool_name_key
        self.tool_arguments_key = tool_arguments_key
        self.model_id = model_id
        self.prices = Prices.of(prices)
        self.kwargs = kwargs

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "agenerate" in own or "generate" in own:
            cls.is_async = "agenerate" in own
        if "agenerate_stream" in own or "generate_stream" in own:
            cls.can_stream = True

    def generate(self, messages: Messages, *args: Any, **kwargs: Any) -> ChatMessage:
        """The reply to a conversation.

        The arguments after the messages, in this order: `stop_sequences`, texts before the first of which the reply
        ends; `response_format`, OpenAI's JSON schema for the reply; `tools_to_call_from`, tools that it may call.
        They are left open here, so that for type checkers too a subclass's method may take only what it uses.
        """
        if type(self).agenerate is Model.agenerate:
            raise NotImplementedError(f"{type(self).__name__} implements neither generate nor agenerate")
        given = _given(*args, **kwargs)
        return bridges.wait(self.agenerate(messages, **given))

    async def agenerate(self, messages: Messages, *args: Any, **kwargs: Any) -> ChatMessage:
        """As `generate`, awaited. Cancelling it ends the request."""
        if type(self).generate is Model.generate:
            raise NotImplementedError(f"{type(self).__name__} implements neither generate nor agenerate")
        given = _given(*args, **kwargs)
        return await bridges.in_worker(self.generate, messages, **given)

    def generate_stream(self, messages: Messages, *args: Any, **kwargs: Any) -> Iterator[ChatMessageStreamDelta]:
        """The reply in pieces, as they come; the whole of it as one piece if the model can't stream."""
        given = _given(*args, **kwargs)
        if type(self).agenerate_stream is not Model.agenerate_stream:
            yield from bridges.iterate(self.agenerate_stream(messages, **given))
        else:
            yield as_delta(self.generate(messages, **given))

    async def agenerate_stream(
        self, messages: Messages, *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatMessageStreamDelta]:
        """As `generate_stream`, awaited. Closing it ends the request."""
        given = _given(*args, **kwargs)
        if type(self).generate_stream is Model.generate_stream:
            yield as_delta(await self.agenerate(messages, **given))
            return
        async with aclosing(bridges.aiterate(lambda: self.generate_stream(messages, **given))) as deltas:
            async for delta in deltas:
                yield delta

    def __call__(self, *args: Any, **kwargs: Any) -> ChatMessage:
        """As `generate`."""
        return self.generate(*args, **kwargs)

    def parse_tool_calls(self, message: ChatMessage) -> ChatMessage:
        """The message with its tool calls as data: those it has, else those that its text makes.

        Calls that are read from the text are taken out of it, so that no history says them twice. Raises
        `AgentParsingError` if there are none.
        """
        message.role = MessageRole.ASSISTANT
        if not message.tool_calls:
            calls, prose = calls_in_text(message.text, self.tool_name_key, self.tool_arguments_key)
            if not calls:
                raise AgentParsingError(self._no_call(message.text))
            message.content = prose or None
            message.tool_calls = [_new_call(name, arguments) for name, arguments in calls]
        for call in message.tool_calls:
            call.function.arguments = parse_arguments(call.function.arguments)
        return message

    def _no_call(self, text: str) -> str:
        form = f'{{"{self.tool_name_key}": "tool_name", "{self.tool_arguments_key}": {{"argument": "value"}}}}'
        return f"the reply calls no tool: {text[:200]!r}. Write a call as JSON: {form}"

    def transient(self, error: BaseException) -> Transient | None:
        """`Transient` if trying again may help after this error, and None if it won't."""
        return transient(error)

    def cost(self, usage: TokenUsage | None) -> float | None:
        """What the tokens cost, in the currency of `prices`; None where prices or tokens aren't known."""
        return self.prices.cost(usage) if self.prices and usage else None

    def _prepare_completion_kwargs(
        self,
        messages: Messages,
        stop_sequences: list[str] | None = None,
        response_format: Format = None,
        tools_to_call_from: Sequence[Any] | None = None,
        custom_role_conversions: Roles | None = None,
        convert_images_to_image_urls: bool = False,
        tool_choice: str | dict[str, Any] | None = "required",
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The parameters of a request. The model's own `kwargs` win over all others."""
        dialect = self._dialect(custom_role_conversions, convert_images_to_image_urls)
        request: dict[str, Any] = {"messages": wire_messages(messages, dialect)}
        if stop_sequences and supports_stop_parameter(self.model_id):
            request["stop"] = stop_sequences
        if response_format is not None:
            request["response_format"] = response_format
        if tools_to_call_from:
            request["tools"] = [get_tool_json_schema(tool) for tool in tools_to_call_from]
            if tool_choice is not None:
                request["tool_choice"] = tool_choice
        request |= kwargs | dict(self.kwargs)
        if "tools" not in request:
            request.pop("tool_choice", None)
        return {name: value for name, value in request.items() if not _removed(value)}

    def _dialect(self, custom_roles: Roles | None, image_urls: bool) -> Dialect:
        """How this model wants its messages. Custom roles for tools mean that it takes no tool history."""
        custom = {MessageRole(role): to for role, to in (custom_roles or {}).items()}
        about_tools = custom.keys() & Dialect().roles.keys()
        return Dialect(
            roles={**Dialect().roles, **custom},
            tools=self.native_tool_history and not about_tools,
            image_urls=image_urls,
            flatten=self.flatten_messages_as_text,
            name_key=self.tool_name_key,
            arguments_key=self.tool_arguments_key,
        )

    def to_dict(self) -> dict[str, Any]:
        """What the constructor needs to make this model again, without secrets."""
        return settings_of(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """A model from `to_dict()`. Secrets have to be given anew, or in the environment."""
        return cls(**data)


def _removed(value: Any) -> bool:
    return isinstance(value, str) and value == REMOVE_PARAMETER


def as_delta(message: ChatMessage) -> ChatMessageStreamDelta:
    """A whole reply as one piece of a stream."""
    calls = [
        ChatMessageToolCallStreamDelta(index, call.id, call.type, _as_text(call.function))
        for index, call in enumerate(message.tool_calls or ())
    ]
    return ChatMessageStreamDelta(message.text, calls or None, message.token_usage, message.finish_reason)


def _as_text(function: ChatMessageToolCallFunction) -> ChatMessageToolCallFunction:
    import json

    arguments = function.arguments
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)
    return ChatMessageToolCallFunction(text, function.name, function.description)


def _new_call(name: str, arguments: Any) -> ChatMessageToolCall:
    return ChatMessageToolCall(ChatMessageToolCallFunction(arguments, name), new_call_id())


def _given(
    stop_sequences: list[str] | None = None,
    response_format: Format = None,
    tools_to_call_from: Sequence[Any] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """The arguments that are there: a subclass's method may know only some of them."""
    named = {
        "stop_sequences": stop_sequences,
        "response_format": response_format,
        "tools_to_call_from": tools_to_call_from,
    }
    return {name: value for name, value in named.items() if value is not None} | kwargs
