"""Prompt templates: their shape, where they come from, and how they are filled in."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, TypedDict
from weakref import ref


class PlanningPromptTemplate(TypedDict):
    """How a plan is asked for: the first, and later ones (before and after the history so far)."""

    initial_plan: str
    update_plan_pre_messages: str
    update_plan_post_messages: str


class ManagedAgentPromptTemplate(TypedDict):
    """How a member of a team is given its task, and how its answer is reported."""

    task: str
    report: str


class FinalAnswerPromptTemplate(TypedDict):
    """How an answer is asked for when the steps have run out (before and after the history)."""

    pre_messages: str
    post_messages: str


class PromptTemplates(TypedDict):
    """All prompts of an agent."""

    system_prompt: str
    planning: PlanningPromptTemplate
    managed_agent: ManagedAgentPromptTemplate
    final_answer: FinalAnswerPromptTemplate


EMPTY_PROMPT_TEMPLATES = PromptTemplates(
    system_prompt="",
    planning=PlanningPromptTemplate(initial_plan="", update_plan_pre_messages="", update_plan_post_messages=""),
    managed_agent=ManagedAgentPromptTemplate(task="", report=""),
    final_answer=FinalAnswerPromptTemplate(pre_messages="", post_messages=""),
)


def load_templates(name: str) -> PromptTemplates:
    """The templates that ship with actlet under `name` ("code_agent", ...), as a dict of one's own to change."""
    return own_templates(shipped_templates(name))


def own_templates(templates: PromptTemplates) -> PromptTemplates:
    """A copy to change."""
    return {key: dict(value) if isinstance(value, dict) else value for key, value in templates.items()}  # type: ignore[return-value]


@lru_cache
def shipped_templates(name: str) -> PromptTemplates:
    """The templates that ship with actlet, which all agents share; "none" are empty ones."""
    import yaml

    if name == "none":
        return EMPTY_PROMPT_TEMPLATES
    text = resources.files(__package__).joinpath("prompts", f"{name}.yaml").read_text(encoding="utf-8")
    loaded: PromptTemplates = yaml.safe_load(text)
    return loaded


def check_templates(templates: Any) -> PromptTemplates:
    """`templates`, which must have every key that agents use. Raises `ValueError` that names what is missing."""
    missing = []
    for key, value in EMPTY_PROMPT_TEMPLATES.items():
        if key not in templates:
            missing.append(key)
        elif isinstance(value, dict):
            missing += [f"{key}.{sub}" for sub in value if sub not in templates[key]]
    if missing:
        raise ValueError(f"Some prompt templates are missing from your custom `prompt_templates`: {missing}")
    return templates  # type: ignore[no-any-return]


def populate_template(template: str, variables: dict[str, Any]) -> str:
    """Fill in a Jinja2 template. Raises `ValueError` when it is wrong or names a variable that isn't there."""
    import jinja2

    try:
        return _compiled(template).render(**variables)  # type: ignore[no-any-return]
    except jinja2.TemplateError as error:
        raise ValueError(f"Error during jinja template rendering: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=256)
def _compiled(template: str) -> Any:
    import jinja2

    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(template)


_PROMPTS: dict[tuple[Any, ...], str] = {}


def cached_prompt(template: str, variables: dict[str, Any]) -> str:
    """`populate_template` for a system prompt: agents of the same settings and tools share one text."""
    try:
        key = (template, *(_key(value) for value in variables.values()))
        prompt = _PROMPTS.get(key)
    except TypeError:  # a variable of the user's own that can't be part of a key
        return populate_template(template, variables)
    if prompt is None:
        if len(_PROMPTS) >= 256:
            _PROMPTS.clear()
        prompt = _PROMPTS[key] = populate_template(template, variables)
    return prompt


def _key(value: Any) -> Any:
    """What a variable shows in a prompt: of tools and agents, which they are and how they call themselves."""
    if isinstance(value, dict):
        return tuple((name, ref(thing), thing.description) for name, thing in value.items())
    return value
