"""Which models a server lists, at `/models` of OpenAI's API. Asking costs nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

SECONDS = 5.0
"""How long a server that was named has to answer."""

_NO_LIST = (404, 405, 501)
"""What servers answer that work, and keep no list."""


def listed_models(base: str, key: str | None = None, timeout: float = SECONDS) -> list[str] | None:
    """The ids of the models that the server at `base` lists for this key; None if it keeps no list.

    Raises `OSError`, which says what to do, if it doesn't answer in `timeout` seconds, refuses the key or is no
    such server.
    """
    base, login = _without_login(base)
    try:
        with _asked(base, login or f"Bearer {key or 'none'}", timeout) as response:
            return _ids(json.load(response))
    except HTTPError as error:
        if error.code in _NO_LIST:
            return None
        if error.code in (401, 403):
            raise PermissionError(f"{base} refuses the API key: check it") from error
        raise ConnectionError(f"{base} fails: it answers {error.code} {error.reason}") from error
    except OSError as error:
        why = f"{base} doesn't answer ({error}): is it running, and does this machine reach it?"
        raise ConnectionError(why) from error
    except (HTTPException, ValueError) as error:
        why = f"what answers at {base} is no server of models ({type(error).__name__}): check the URL"
        raise ConnectionError(why) from error


def _without_login(base: str) -> tuple[str, str | None]:
    """A URL without the name and password that it may hold, and these as HTTP wants them (RFC 7617)."""
    scheme, separator, rest = base.partition("://")
    place, slash, path = rest.partition("/")
    login, at, host = place.rpartition("@")
    if not at:
        return base, None
    encoded = b64encode(unquote(login).encode()).decode()
    return f"{scheme}{separator}{host}{slash}{path}", f"Basic {encoded}"


def _asked(base: str, authorization: str, timeout: float) -> HTTPResponse:
    request = Request(base.rstrip("/") + "/models")
    # Not sent on to where the server redirects to: the key is for the server that was named.
    request.add_unredirected_header("Authorization", authorization)
    here = urlsplit(base).hostname in ("localhost", "127.0.0.1", "::1")
    opener = build_opener(ProxyHandler({})) if here else build_opener()
    response: HTTPResponse = opener.open(request, timeout=timeout)
    return response


def _ids(listed: Any) -> list[str] | None:
    """The ids in a list of models, which most servers keep under "data" and some don't."""
    try:
        return [str(model["id"]) for model in (listed["data"] if isinstance(listed, dict) else listed)]
    except (LookupError, TypeError):
        return None
