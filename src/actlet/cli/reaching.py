"""Whether anybody listens where a model is served, so that nobody waits for what never comes. Sends nothing."""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.parse import urlsplit

OPENAI = "https://api.openai.com/v1"
PORTS = {"http": 80, "https": 443}


def base_of(model: Any) -> str | None:
    """The URL that a model is served at; None for one that isn't, as a recording."""
    if not hasattr(model, "api_base"):
        return None
    return model.api_base or os.environ.get("OPENAI_BASE_URL") or OPENAI


def unanswered(model: Any, patience: float = 5.0) -> OSError | None:
    """Why no connection to a model's server is made within `patience` (seconds); None if one is.

    The error names the URL. Where a proxy stands in between, only a request can tell: it is None.
    """
    base = base_of(model)
    try:
        url = urlsplit(base or "")
        if not url.hostname or _has_proxy(url.scheme, url.hostname):
            return None
        socket.create_connection((url.hostname, url.port or PORTS.get(url.scheme, 80)), patience).close()
    except OSError as error:
        return type(error)(f"nothing answers at {base}; is the server running? ({error})")
    except ValueError:  # no URL, no such port, no such name: the request says so
        return None
    return None


def _has_proxy(scheme: str, host: str) -> bool:
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    return (scheme in proxies or "all" in proxies) and not proxy_bypass(host)
