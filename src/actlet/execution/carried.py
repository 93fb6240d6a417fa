"""Context variables that snippets of a box set: a snippet goes on with what those before it left.

So `decimal.getcontext().prec = 50` holds in the next snippet, too, as in one program. Everything else of a context
is that of whoever runs the snippet.
"""

from __future__ import annotations

import sys
from contextvars import Context, ContextVar, copy_context
from typing import Any


class Carried:
    """What the snippets of one session have set so far."""

    def __init__(self) -> None:
        self._left: dict[ContextVar[Any], Any] = {}
        self._begun = Context()

    def begin(self, context: Context) -> Context:
        """The context for a snippet: `context`, the caller's, with what those before it left."""
        self._begun = context.copy()
        for variable, value in self._left.items():
            context.run(variable.set, value)
        decimal = sys.modules.get("decimal")
        if decimal is not None and context.run(decimal.getcontext) is decimal.getcontext():
            context.run(decimal.setcontext, decimal.getcontext().copy())  # the caller's is changed in place
        return context

    def end(self) -> None:
        """The snippet ends, in its context: keep what it has set."""
        for variable, value in copy_context().items():
            if self._begun.get(variable, self) is not value:
                self._left[variable] = value
