"""Whether an agent's settings make sense: a mistake is an error where the agent is made, not at step seven."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..monitoring import LogLevel
from ..tools import BaseTool


def is_valid_name(name: Any) -> bool:
    """Whether `name` can be the name of a function in Python."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def check_name(name: str | None) -> str | None:
    """The name, if it is one that code can call. Raises `ValueError`."""
    if name is not None and not is_valid_name(name):
        raise ValueError(f"Agent name {name!r} must be a valid Python identifier and not a reserved keyword.")
    return name


def check_names(additional_args: Iterable[Any], as_variables: bool) -> None:
    """Raise `ValueError` for what can't be the name of an argument, `as_variables` of code or of a tool call's."""
    if as_variables:
        wrong = [name for name in additional_args if not is_valid_name(name)]
        problem = "become variables, so their names must be names"
    else:
        wrong = [name for name in additional_args if not isinstance(name, str)]
        problem = "are given to tools by name, so their names must be text"
    if wrong:
        raise ValueError(f"additional_args {problem}: {wrong!r:.200} are not")


def by_name(tools: Sequence[Any]) -> dict[str, Any]:
    """The tools by their names. Raises `TypeError` for what can't be called as a tool, `ValueError` for two of one
    name."""
    check_list("tools", tools)
    for tool in tools:
        if not isinstance(tool, BaseTool):
            remedy = "decorate the function with @tool" if callable(tool) else "subclass Tool"
            raise TypeError(
                f"All elements must be instance of BaseTool (or a subclass): {tool!r} is not; {remedy}."
            )
        if getattr(tool, "lacks_object", False):
            raise TypeError(
                f"{tool!r} is a method without its object: make an object of the class, and give its tool"
            )
    check_unique([tool.name for tool in tools])
    return {tool.name: tool for tool in tools}


def check_team(agents: Iterable[Any]) -> dict[str, Any]:
    """The managed agents by their names. Raises `TypeError` for what is no agent, `ValueError` for one that the
    model couldn't tell from others."""
    check_list("managed_agents", agents)
    team = list(agents)
    for agent in team:
        if not hasattr(agent, "session"):
            raise TypeError(f"managed_agents must be agents: {agent!r} is not; a tool belongs into tools=[...].")
        if not (agent.name and agent.description):
            raise ValueError(f"All managed agents need both a name and a description! {agent!r} doesn't have both.")
    check_unique([agent.name for agent in team])
    return {agent.name: agent for agent in team}


def check_unique(names: Sequence[str | None]) -> None:
    """Raise `ValueError` if a name is there twice."""
    given = [name for name in names if name]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise ValueError(f"Each tool or managed_agent should have a unique name! Found twice: {', '.join(twice)}.")


def check_positive(**numbers: int | None) -> None:
    """Raise `ValueError` unless each is None or a whole number above 0."""
    for name, number in numbers.items():
        if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
            raise ValueError(f"{name} must be a whole number above 0, not {number!r}")


def check_list(name: str, given: Any) -> None:
    """Raise `TypeError` for one thing where several are asked for; a string is one thing."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be a list: {name}=[{given!r}]")


def check_functions(name: str, given: Any) -> list[Callable[..., Any]]:
    """The functions as a list. Raises `TypeError` for a single one, and for what can't be called."""
    check_list(name, given)
    functions = list(given)
    for function in functions:
        if not callable(function):
            raise TypeError(f"{name} must be functions, and {function!r} is not")
    return functions


def check_level(level: Any) -> LogLevel:
    """The level. Raises `ValueError` for what is none."""
    try:
        return LogLevel(level)
    except ValueError:
        levels = ", ".join(f"LogLevel.{each.name} ({each.value})" for each in LogLevel)
        raise ValueError(f"verbosity_level must be one of {levels}, not {level!r}") from None


def check_model(model: Any) -> None:
    """Raise `TypeError` for what can't generate anything, such as the name of a model or its class."""
    if isinstance(model, type):
        raise TypeError(f"model must be an object, not the class {model.__name__}: make one, {model.__name__}(...)")
    if not (hasattr(model, "generate") or hasattr(model, "agenerate")):
        named = f"; for a model by its name, use find_model({model!r})" if isinstance(model, str) else ""
        raise TypeError(f"model must be an object with a method generate(messages, ...), not {model!r}{named}")


def check_streaming(model: Any, stream_outputs: bool) -> None:
    """Raise `ValueError` if outputs are to be streamed by a model that can't."""
    can = getattr(model, "can_stream", hasattr(model, "generate_stream"))
    if stream_outputs and not can:
        raise ValueError(
            "`stream_outputs` is set to True, but the model class implements no `generate_stream` method."
        )
