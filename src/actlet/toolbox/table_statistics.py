"""`TableStatisticsTool`: the usual figures of a table's columns, also by group, with the standard library.

A table is a CSV file or its text, a list of dicts, or a DataFrame. In a CSV, what reads as a number is one; an
empty field, NA, NaN, null and None are missing.
"""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..tools import Tool

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
_MOST_COMMON = 5

Row = Mapping[str, Any]
Figures = dict[str, Any]


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
        """The figures. Raises `ValueError` for a table that can't be read or a column that it hasn't got."""
        rows = self._rows(table)
        names = list(dict.fromkeys(name for row in rows for name in row))
        for name in [*(columns or ()), *([] if group_by is None else [group_by])]:
            if name not in names:
                raise ValueError(f"the table has no column {name!r}; its columns: {', '.join(map(str, names))}")
        shown = [name for name in columns or names if name != group_by]
        if group_by is None:
            return describe(rows, shown)
        groups: dict[Any, list[Row]] = {}
        for row in rows:
            groups.setdefault(row.get(group_by), []).append(row)
        return {group: describe(members, shown) for group, members in groups.items()}

    def _rows(self, table: Any) -> Sequence[Row]:
        if isinstance(table, (str, Path)):
            text = str(table)
            return read_csv(text if "\n" in text else self._read(text))
        if hasattr(table, "to_dict") and hasattr(table, "columns"):
            table = table.to_dict("records")
        if not isinstance(table, (list, tuple)) or not all(isinstance(row, Mapping) for row in table):
            raise ValueError(
                f"a table is a CSV path, CSV text, a list of dicts or a DataFrame, not a {type(table).__name__}"
            )
        return table

    def _read(self, path: str) -> str:
        folder = Path(self.folder or ".").resolve()
        file = (folder / path).resolve()
        if not file.is_relative_to(folder):
            raise ValueError(f"{path!r} is outside of {str(folder)!r}, the folder of this tool")
        if not file.is_file():
            raise ValueError(f"there is no file {path!r} in {str(folder)!r}")
        return file.read_text(encoding="utf-8-sig")


def read_csv(text: str) -> list[Row]:
    """The rows of CSV text, numbers as numbers, missing values as None. Its first line names the columns."""
    try:
        dialect: Any = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    reader = csv.DictReader(io.StringIO(text.strip("\n")), dialect=dialect)
    return [{name: _value(field) for name, field in row.items() if name is not None} for row in reader]


def describe(rows: Sequence[Row], columns: Sequence[str]) -> Figures:
    """The number of rows, and the figures of each column."""
    return {"rows": len(rows), "columns": {name: _figures([row.get(name) for row in rows]) for name in columns}}


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
    q25, median, q75 = (
        statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3
    )
    return {
        "sum": sum(numbers) if all(isinstance(n, int) for n in numbers) else math.fsum(numbers),
        "mean": statistics.fmean(numbers),
        "std": statistics.stdev(numbers) if len(numbers) > 1 else None,
        "min": min(numbers),
        "q25": q25,
        "median": median,
        "q75": q75,
        "max": max(numbers),
    }


def _value(field: Any) -> Any:
    """A field of a CSV: None, a number or text."""
    if not isinstance(field, str) or field.strip().lower() in _MISSING:
        return None
    for kind in (int, float):
        try:
            return kind(field)
        except ValueError:
            continue
    return field


def _number(value: Any) -> int | float | None:
    """A number as Python's own; None for what is none. True and False count as text."""
    if hasattr(value, "item") and hasattr(value, "dtype"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return float(value) if isinstance(value, Decimal) else value


def _is_missing(value: Any) -> bool:
    return value is None or bool(value != value)  # only NaN and its kind differ from themselves
