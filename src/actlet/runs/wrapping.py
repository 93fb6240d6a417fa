"""How a loop, the wrappers around its effects and their performing are put together.

To perform an effect is a generator: it yields events and waits, and returns the effect's result. A wrapper takes
such a function and gives another one around it:

    def timed(perform):
        def performing(effect):
            result = yield from perform(effect)     # events and waits pass through
            note(effect, result)
            return result
        return performing

A wrapper is written once, for threads and for event loops; the loop knows none of them. `compose` fixes the order:
the first wrapper is the outermost.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any

from .effects import Effect

Performing = Generator[Any, Any, Any]
Perform = Callable[[Effect], Performing]
Wrapper = Callable[[Perform], Perform]
Loop = Generator[Any, Any, Any]


class Left(BaseException):
    """Raised into work that is abandoned: by Ctrl-C, a cancelled task, or whoever iterated over it.

    Nobody waits for it any more, so it may not yield. On the way out it tells what had come of the effect that was
    going on, as `AgentInterruptedError` does.
    """

    results: tuple[Any, ...] = ()
    printed: str = ""


def leave(work: Performing) -> None:
    """Abandon `work`, unless it has ended."""
    with suppress(Left, StopIteration):
        work.throw(Left())
    work.close()


def compose(perform: Perform, wrappers: Iterable[Wrapper]) -> Perform:
    """`perform` inside all `wrappers`, the first of them outermost."""
    for wrapper in reversed(list(wrappers)):
        perform = wrapper(perform)
    return perform


def carry_out(loop: Loop, perform: Perform) -> Performing:
    """Run `loop`, performing each effect that it yields and passing on everything else. Returns what it returns."""
    result: Any = None
    failure: Exception | None = None
    try:
        while True:
            try:
                item = loop.send(result) if failure is None else loop.throw(failure)
            except StopIteration as end:
                return end.value
            result = failure = None
            if not isinstance(item, Effect):
                yield item
                continue
            try:
                result = yield from perform(item)
            except Exception as error:
                failure = error
            except Left as left:  # it tells what had come of the effect
                with suppress(Left, StopIteration):
                    loop.throw(left)
                raise
    finally:
        loop.close()
