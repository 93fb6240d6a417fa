"""Images as models take them: base64, or a data URL.

An image object is encoded once, however many requests it goes into; the encoding lives as long as the image. So an
image that was given to a run must not be drawn on afterwards.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import Any

_SIGNATURES = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
_encoded: dict[int, tuple[str, str]] = {}


def image_url(image: Any) -> str:
    """A URL of the image: an http(s) or data URL as it is, anything else as a data URL."""
    if isinstance(image, str) and image.startswith(("http://", "https://", "data:")):
        return image
    mime, data = encode_image(image)
    return f"data:{mime};base64,{data}"


def encode_image(image: Any) -> tuple[str, str]:
    """The MIME type and the base64 of a PIL image, of the bytes of an image file, or of a path to one.

    Raises `TypeError` for anything else, `ValueError` for bytes of an unknown format.
    """
    if isinstance(image, bytes):
        return _from_bytes(image)
    if isinstance(image, str | os.PathLike):
        return _from_bytes(Path(image).read_bytes())
    if not hasattr(image, "save") and not hasattr(image, "to_raw"):
        raise TypeError(f"{image!r} is no image: give a PIL image, the bytes of an image file, a path or a URL")
    key = id(image)
    if key not in _encoded:
        _encoded[key] = _from_object(image)
        weakref.finalize(image, _encoded.pop, key, None)
    return _encoded[key]


def _from_object(image: Any) -> tuple[str, str]:
    from ..media import encode_image_base64

    if hasattr(image, "save"):
        return "image/png", encode_image_base64(image)
    return encode_image(image.to_raw())


def _from_bytes(data: bytes) -> tuple[str, str]:
    import base64

    for signature, mime in _SIGNATURES:
        if data.startswith(signature):
            return mime, base64.b64encode(data).decode()
    raise ValueError(f"bytes that begin with {data[:8]!r} are no PNG, JPEG, GIF or WebP image: convert it first")
