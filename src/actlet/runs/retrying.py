"""The wrapper that tries a model again when its failure may pass.

The model says which failures may (`Model.transient`) and how long the provider asks to wait; this says how often
and how long otherwise: exponential backoff with equal jitter (AWS Architecture Blog, "Exponential Backoff And
Jitter", 2015), and never less than a Retry-After.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..models.transient import Transient
from .effects import Effect, Generate
from .events import Retrying
from .waits import Sleep
from .wrapping import Perform, Performing, Wrapper


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a model is asked again, and how long to wait before (seconds).

    The wait before attempt n+1 is drawn from half to all of `first_wait * 2**(n-1)`, at most `longest_wait`; a
    Retry-After is kept to, plus up to a tenth of it, unless it is longer than `longest_retry_after`: then the
    failure is final.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0
    longest_retry_after: float = 120.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts must be 1 (never try again) or more, not {self.attempts!r}")
        if min(self.first_wait, self.longest_wait, self.longest_retry_after) < 0:
            raise ValueError(f"the waits must be 0 seconds or more: {self!r}")

    def wait(self, attempt: int, retry_after: float | None) -> float | None:
        """Seconds to wait after the failed `attempt` (from 1); None: give up."""
        if attempt >= self.attempts:
            return None
        if retry_after is None:
            longest = min(self.longest_wait, self.first_wait * 2 ** (attempt - 1))
            return random.uniform(longest / 2, longest)
        if retry_after > self.longest_retry_after:
            return None
        return retry_after * random.uniform(1.0, 1.1)


Passing = Callable[[BaseException], Transient | None]


def retry(policy: RetryPolicy, transient: Passing) -> Wrapper:
    """A wrapper that generates again after failures that `transient` says may pass."""
    return partial(_Retry, policy, transient)


class _Retry:
    __slots__ = ("_perform", "_policy", "_transient")

    def __init__(self, policy: RetryPolicy, transient: Passing, perform: Perform) -> None:
        self._policy, self._transient, self._perform = policy, transient, perform

    def __call__(self, effect: Effect) -> Performing:
        return self._generating(effect) if isinstance(effect, Generate) else self._perform(effect)

    def _generating(self, effect: Generate) -> Performing:
        attempt = 1
        while True:
            try:
                return (yield from self._perform(effect))
            except Exception as error:
                passing = self._transient(error)
                wait = None if passing is None else self._policy.wait(attempt, passing.retry_after)
                if wait is None:
                    if passing is not None and (passing.retry_after or 0) > self._policy.longest_retry_after:
                        error.add_note(f"it asks to wait for {passing.retry_after:g} s, which is too long for here")
                    raise
                yield Retrying(effect, error, attempt, wait)
            yield Sleep(wait)
            attempt += 1
