"""Finding a model from a few words, or from what this machine has.

The order: what is asked for; the settings `ACTLET_MODEL`, `ACTLET_API_BASE` and `ACTLET_API_KEY`; the providers'
API keys in the environment; a local server that answers. A key goes to its own provider only: a server that is
given by its URL gets `ACTLET_API_KEY` or none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ..errors import JournalError, NoModelError
from .base import Model
from .listing import SECONDS, listed_models
from .openai import OpenAIModel
from .providers import PROVIDERS, Provider
from .replaying import ReplayModel

PROBE_TIMEOUT = 0.5
"""Seconds that a local server has to say which models it serves, where none was named."""

_URL = re.compile(
    r"""(?P<base>https?://
        (?:[^/@:]*(?::[^/@:]*)?@)?+ # a login
        (?:\[[^]/]*\]|[^/:]+)       # the host
        (?::\d+(?=[/:]|$))?+        # its port, which is never taken for a model
        (?:/[^:]*)?)                # the path
        (?::(?P<model>.*))?""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A model, why it was taken, and what its user should know of it."""

    model: Model
    why: str
    notes: tuple[str, ...] = ()


def find_model(
    spec: str | None = None,
    env: Mapping[str, str] | None = None,
    *,
    api_base: str | None = None,
    api_key: str | None = None,
    providers: Iterable[Provider] = PROVIDERS.values(),
    **settings: Any,
) -> Found:
    """The model that `spec` names, or one that this machine has.

    `spec` is `provider:model-id` (or only the provider), or a server's URL with a model, as
    `http://localhost:8000/v1:qwen3`, or `replay:FILE` for a recording; with `api_base` it is the model's id there.
    `env` is the environment. `settings` go to the model. Raises `NoModelError`, which says what to do.
    """
    asked = _Asked(os.environ if env is None else env, tuple(providers), api_key, settings)
    text = spec or asked.env.get("ACTLET_MODEL") or None
    base = api_base or (None if spec else asked.env.get("ACTLET_API_BASE")) or None
    why = "it was asked for" if spec or api_base else "ACTLET_MODEL or ACTLET_API_BASE is set"
    if base:
        return asked.at_url(base, text, why)
    if text:
        return asked.named(text, why)
    return asked.by_key() or asked.by_local_server() or _fail(asked.ways())


@dataclass(frozen=True, slots=True)
class _Asked:
    """One search: where it looks, and what its models are made with."""

    env: Mapping[str, str]
    providers: tuple[Provider, ...]
    api_key: str | None
    settings: Mapping[str, Any]

    def named(self, text: str, why: str) -> Found:
        url = _URL.fullmatch(text)
        if url:
            return self.at_url(url["base"], url["model"], why)
        name, _, model_id = text.partition(":")
        if name == "replay":
            return Found(_recording(model_id), why)
        provider = next((p for p in self.providers if p.name == name), None)
        if provider is not None:
            return self._of(provider, model_id or None, why)
        base = self.env.get("ACTLET_API_BASE")
        return self.at_url(base, text, why) if base else _fail(f"{text!r} names no provider.\n{self.ways()}")

    def at_url(self, base: str, model_id: str | None, why: str) -> Found:
        base = base if _path_of(base) else base.rstrip("/") + "/v1"
        key = self.api_key or self.env.get("ACTLET_API_KEY") or "none"
        model = OpenAIModel(model_id or _a_model_of(base, key), api_base=base, api_key=key, **self.settings)
        return Found(model, why)

    def by_key(self) -> Found | None:
        """The first provider whose key is in the environment."""
        for provider in self.providers:
            for name in provider.keys:
                if self.env.get(name):
                    return self._of(provider, None, f"{name} is set")
        return None

    def by_local_server(self) -> Found | None:
        """The first local server that answers and has a model; all are asked at once."""
        for provider, models in local_servers(self.providers):
            model_id = _first_chat_model(models)
            if model_id is not None:
                return self._of(provider, model_id, f"{provider.title} answers at {provider.base}")
        return None

    def _of(self, provider: Provider, model_id: str | None, why: str) -> Found:
        if provider.is_local:
            model_id = model_id or _first_chat_model(models_at(provider.base or "", SECONDS))
            key = self.api_key or "none"
        else:
            model_id = model_id or provider.model
            key = self.api_key or next((self.env[name] for name in provider.keys if self.env.get(name)), "")
        if model_id is None:
            _fail(f"{provider.title} serves no model at {provider.base}: start it, and load or pull a model first")
        if not key:
            _fail(f"{provider.title} needs an API key: set {' or '.join(provider.keys)}")
        model = OpenAIModel(model_id, api_base=provider.base, api_key=key, **self.settings)
        return Found(model, why, (provider.note,) if provider.note else ())

    def ways(self) -> str:
        """What to do to have a model."""
        keys = ", ".join(provider.keys[0] for provider in self.providers if provider.keys)
        local = ", ".join(f"{p.title} ({p.base})" for p in self.providers if p.is_local)
        return (
            "Give a model in one of these ways:\n"
            f"  provider:model-id, where provider is one of {', '.join(p.name for p in self.providers)}\n"
            "  the URL of any server with OpenAI's API, and a model: http://host:port/v1:model-id\n"
            "  replay:FILE, a recording\n"
            "  the environment: ACTLET_MODEL (either of the above), ACTLET_API_BASE, ACTLET_API_KEY\n"
            f"  an API key in the environment: {keys}\n"
            f"  a local server that is running: {local}"
        )


def local_servers(providers: Iterable[Provider] = PROVIDERS.values()) -> list[tuple[Provider, list[str]]]:
    """The local servers that answer, each with its models, in order. All are asked at once, for half a second."""
    from concurrent.futures import ThreadPoolExecutor

    local = [provider for provider in providers if provider.is_local]
    with ThreadPoolExecutor(max(1, len(local))) as pool:
        answers = pool.map(lambda provider: models_at(provider.base or ""), local)
        return [(provider, models) for provider, models in zip(local, answers, strict=True) if models]


def models_at(base: str, timeout: float = PROBE_TIMEOUT) -> list[str]:
    """The ids of the models that a server lists; none if it doesn't answer in time, or answers something else."""
    try:
        return listed_models(base, timeout=timeout) or []
    except OSError:
        return []


def _a_model_of(base: str, key: str) -> str:
    """A model of a server that was named without one."""
    try:
        listed = listed_models(base, key)
    except OSError as error:
        _fail(str(error))
    found = _first_chat_model(listed or [])
    return found or _fail(f"{base} doesn't say which models it serves: name one, as in {base}:model-id")


def _path_of(base: str) -> str:
    """The path of a server's URL. Raises `NoModelError` if it is none."""
    try:
        url = urlsplit(base)
        is_one = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError as error:
        _fail(f"{base!r} is no URL: {error}")
    if not is_one:
        _fail(f"{base!r} is no URL of a server: write it as http://host:port/v1")
    return url.path.strip("/")


def _recording(path: str) -> ReplayModel:
    try:
        return ReplayModel(path)
    except (OSError, ValueError, JournalError) as error:
        _fail(f"replay:{path} is no recording that can be replayed: {error}")


def _first_chat_model(models: list[str]) -> str | None:
    return next((model for model in models if "embed" not in model.lower()), None)


def _fail(message: str) -> NoReturn:
    raise NoModelError(message)
