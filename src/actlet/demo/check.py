"""The right answer of the demonstration, computed without the agent, its tools, or their formula."""

from __future__ import annotations

import re
from collections import Counter
from math import acos, cos, radians, sin

from .task import EARTH_RADIUS, Answer, table

_ROW = re.compile(r"^([A-Z,]+)\t([+-]\d+)([+-]\d+)\t(\S+)", re.MULTILINE)


def right_answer() -> Answer:
    """The answer that the agent has to find."""
    rows = [(codes.split(","), lat, lon, zone) for codes, lat, lon, zone in _ROW.findall(table("zone1970.tab"))]
    code, count = Counter(code for codes, *_ in rows for code in codes).most_common(1)[0]
    zones = sorted((_degrees(lat), _degrees(lon), zone) for codes, lat, lon, zone in rows if code in codes)
    south, north = zones[0], zones[-1]
    return Answer(_country(code), count, north[2], south[2], round(_distance(north[:2], south[:2])))


def _degrees(text: str) -> float:
    """Degrees of `+DDMM`, `+DDDMM`, `+DDMMSS` or `+DDDMMSS`."""
    digits, seconds = text[1:], 0
    if len(digits) > 5:
        digits, seconds = digits[:-2], int(digits[-2:])
    size = int(digits[:-2]) + int(digits[-2:]) / 60 + seconds / 3600
    return -size if text[0] == "-" else size


def _country(code: str) -> str:
    lines = table("iso3166.tab").splitlines()
    return next(line.split("\t")[1] for line in lines if line.startswith(f"{code}\t"))


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Spherical law of cosines."""
    lat1, lon1, lat2, lon2 = map(radians, (*one, *other))
    return EARTH_RADIUS * acos(sin(lat1) * sin(lat2) + cos(lat1) * cos(lat2) * cos(lon1 - lon2))
