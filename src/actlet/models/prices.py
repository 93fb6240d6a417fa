"""What tokens cost. Prices are the user's to give: they change too often to ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ..messages import TokenUsage


@dataclass(frozen=True, slots=True)
class Prices:
    """Per million tokens, in whichever currency. `cached_input` is the price of cached input; None: as `input`."""

    input: float
    output: float
    cached_input: float | None = None

    @classmethod
    def of(cls, given: Prices | Mapping[str, float] | Sequence[float] | None) -> Prices | None:
        """Prices from what users write: `{"input": 2, "cached_input": 0.5, "output": 8}` or `(2, 0.5, 8)`.

        A pair is input and output. Raises `ValueError` for anything else.
        """
        if given is None or isinstance(given, Prices):
            return given
        try:
            if isinstance(given, Mapping):
                return cls(**given)
            first, *middle, last = given
            return cls(first, last, *middle)
        except (TypeError, ValueError):
            raise ValueError(
                f"prices={given!r}: give the price of a million tokens as (input, output), (input, cached input, "
                "output) or a dict with these names: input, output, cached_input"
            ) from None

    def cost(self, usage: TokenUsage) -> float:
        """What this usage costs, in the currency of the prices."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - usage.cached_input_tokens
        total = fresh * self.input + usage.cached_input_tokens * cached + usage.output_tokens * self.output
        return total / 1_000_000

    def dict(self) -> dict[str, float | None]:
        """The prices by name."""
        return asdict(self)
