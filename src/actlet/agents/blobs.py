"""Code out of a text, for smolagents' users who read replies themselves. How agents read is in `parsing.py`."""

from __future__ import annotations

import re

from ..errors import AgentParsingError
from .parsing import parse_code


def parse_code_blobs(text: str, code_block_tags: tuple[str, str]) -> str:
    """The code in a reply, as an agent reads it. The tags are regexes. Raises `ValueError` with what is missing."""
    try:
        return parse_code(text, code_block_tags)
    except AgentParsingError as error:
        raise ValueError(error.message) from error


def extract_code_from_text(text: str, code_block_tags: tuple[str, str]) -> str | None:
    """What stands between the tags (regexes), of several blocks with a blank line between; None if nothing does."""
    opening, closing = code_block_tags
    blocks = re.finditer(f"{opening}(?P<code>.*?){closing}", text, re.DOTALL)
    return "\n\n".join(block["code"].strip() for block in blocks) or None
