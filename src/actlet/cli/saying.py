"""What the command says to the person at the terminal, on stderr: the answer alone goes to stdout."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)
