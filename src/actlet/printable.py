"""Text that is safe to show on a terminal, whoever wrote it.

What a model, a tool or a web page wrote may hold escape sequences that move the cursor or rewrite what was shown,
marks that reverse the direction of the text, or halves of characters that can't be encoded. They are shown as their
escapes: `\\x1b`, `\\u202e`. Line ends and tabs stay. (Brackets aren't markup either: see `screen.py`.)
"""

from __future__ import annotations

import re

_UNSHOWABLE = re.compile("\r(?=\n)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` with what would act on the terminal written as its escape."""
    return _UNSHOWABLE.sub(_escape, text)


def printable_json(text: str) -> str:
    """The same for JSON, which stays JSON and says the same: its strings have escapes of their own."""
    return _UNSHOWABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\r" and match.string[match.end() : match.end() + 1] == "\n":
        return ""
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
