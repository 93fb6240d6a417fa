"""`TableStatisticsTool`: the usual figures of a table's columns, also by group, with the standard library.

A table is a CSV file or its text, a list of dicts, or a DataFrame. In a CSV, what reads as a number is one; an
empty field, NA, NaN, null and None are missing. Of two columns of one name, the second is numbered.
"""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..tools import Tool
from .columns import distinct

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_MOST_COMMON = 5

Row = Mapping[str, Any]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns, and the rows by these names."""

    names: list[Any]
    rows: Sequence[Row]


class TableStatisticsTool(Tool):
    """Describes the columns of a table. CSV files are read only inside of `folder` (the current one by default)."""

    name = "table_statistics"
    description = (
        "Statistics of a table's columns. Numbers: count, missing, sum, mean, std (of a sample), min, q25, median, "
        "q75, max. Other columns: count, missing, distinct, most_common. "
        "Returns {'rows': n, 'columns': {column: figures}}, or with group_by {group: the same}."
    )
    inputs = {
        "table": {"type": "any", "description": "path of a CSV file, CSV text, a list of dicts, or a DataFrame"},
        "columns": {
            "type": "array",
            "items": {"type": "string"},
            "description": "only these columns",
            "nullable": True,
        },
        "group_by": {"type": "string", "description": "a column to group the rows by", "nullable": True},
    }
    output_type = "object"
    idempotent = True

    def __init__(self, folder: str | Path | None = None) -> None:
        super().__init__()
        self.folder = folder

    def forward(self, table: Any, columns: list[str] | None = None, group_by: str | None = None) -> dict[Any, Any]:
        """The figures. Raises `ValueError` for a table that can't be read, a column that it hasn't got, and numbers
        that are too large to add up."""
        read = self._table(table)
        for name in [*(columns or ()), *([] if group_by is None else [group_by])]:
            if name not in read.names:
                names = ", ".join(map(str, read.names))
                raise ValueError(f"the table has no column {name!r}; its columns: {names}")
        shown = [name for name in columns or read.names if name != group_by]
        if group_by is None:
            return describe(read.rows, shown)
        groups: dict[Any, list[Row]] = {}
        for row in read.rows:
            groups.setdefault(_group(row.get(group_by)), []).append(row)
        return {group: describe(members, shown) for group, members in groups.items()}

    def _table(self, table: Any) -> Table:
        if isinstance(table, (str, Path)):
            text = str(table)
            return read_csv(text if "\n" in text else self._read(text))
        if hasattr(table, "itertuples") and hasattr(table, "columns"):
            names = distinct(list(table.columns))
            return Table(
                names, [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)]
            )
        if not isinstance(table, (list, tuple)) or not all(isinstance(row, Mapping) for row in table):
            raise ValueError(
                f"a table is a CSV path, CSV text, a list of dicts or a DataFrame, not a {type(table).__name__}"
            )
        return Table(list(dict.fromkeys(name for row in table for name in row)), table)

    def _read(self, path: str) -> str:
        folder = Path(self.folder or ".").resolve()
        file = (folder / path).resolve()
        if not file.is_relative_to(folder):
            raise ValueError(f"{path!r} is outside of {str(folder)!r}, the folder of this tool")
        if not file.is_file():
            raise ValueError(f"there is no file {path!r} in {str(folder)!r}")
        return file.read_text(encoding="utf-8-sig")


def read_csv(text: str) -> Table:
    """A table of CSV text, numbers as numbers, missing values as None. Its first line names the columns."""
    text = text.removeprefix("\ufeff").strip("\n")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    names, *rows = [row for row in csv.reader(io.StringIO(text), dialect) if row] or [[]]
    names = distinct(names)
    return Table(names, [dict(zip_longest(names, map(_value, row[: len(names)]))) for row in rows])


def describe(rows: Sequence[Row], columns: Sequence[str]) -> Figures:
    """The number of rows, and the figures of each column."""
    return {
        "rows": len(rows),
        "columns": {name: _column(name, [row.get(name) for row in rows]) for name in columns},
    }


def _column(name: Any, values: list[Any]) -> Figures:
    try:
        return _figures(values)
    except OverflowError as error:
        raise ValueError(f"the numbers of the column {name!r} are too large to add up: {error}") from error


def _figures(values: list[Any]) -> Figures:
    present = [value for value in values if not _is_missing(value)]
    counts = {"count": len(present), "missing": len(values) - len(present)}
    numbers = [number for number in map(_number, present) if number is not None]
    if numbers and len(numbers) == len(present):
        return {**counts, **_of_numbers(numbers)}
    frequencies = Counter(map(str, present))
    return {
        **counts,
        "distinct": len(frequencies),
        "most_common": dict(frequencies.most_common(_MOST_COMMON)),
    }


def _of_numbers(numbers: list[int | float]) -> Figures:
    finite = all(math.isfinite(number) for number in numbers)
    exact = all(isinstance(number, int) for number in numbers)
    total = math.fsum(numbers) if finite and not exact else sum(numbers)
    q25, median, q75 = _quartiles(numbers) if finite else (_infinite_quartile(numbers, n / 4) for n in (1, 2, 3))
    return {
        "sum": total,
        "mean": statistics.fmean(numbers) if finite else total / len(numbers),
        "std": statistics.stdev(numbers) if finite and len(numbers) > 1 else None,
        "min": min(numbers),
        "q25": q25,
        "median": median,
        "q75": q75,
        "max": max(numbers),
    }


def _quartiles(numbers: list[int | float]) -> list[int | float]:
    return statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3


def _infinite_quartile(numbers: list[int | float], part: float) -> float:
    """The same where some are infinite: what lies between a number and infinity is infinite."""
    place = (len(numbers) - 1) * part
    ordered, low = sorted(numbers), int(place)
    below, above = ordered[low], ordered[min(low + 1, len(numbers) - 1)]
    if place == low or below == above:
        return below
    return below + (above - below) * (place - low) if math.isfinite(above - below) else below + above


def _group(value: Any) -> Any:
    """What a value stands under as the name of a group: itself, if it can."""
    if _is_missing(value):
        return None
    return value if isinstance(value, Hashable) else str(value)


def _value(field: str) -> Any:
    """A field of a CSV: None, a number or text."""
    if field.strip().lower() in _MISSING:
        return None
    for kind in (int, float):
        try:
            return kind(field)
        except ValueError:
            continue
    return field


def _number(value: Any) -> int | float | None:
    """A number as Python's own; None for what is none. True and False count as text."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return float(value) if isinstance(value, Decimal) else value


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)  # only NaN and its kind differ from themselves
    except (TypeError, ValueError):  # an array differs item by item, and pandas.NA doesn't know
        return type(value).__name__ == "NAType"
