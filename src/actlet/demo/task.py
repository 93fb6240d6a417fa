"""The task of the demonstration, its tools, and the agent that carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from typing import Any, Literal

TASK = (
    "Which country has the most time zones in zone1970.tab? Give its name as iso3166.tab has it, how many zones it "
    "has, the northernmost and the southernmost of them, and the great-circle distance between the two in whole km."
)

EARTH_RADIUS = 6371.0  # km


@dataclass(frozen=True)
class Answer:
    """What the task asks for; the zones as their TZ names."""

    country: str
    zones: int
    northernmost: str
    southernmost: str
    kilometres: int

    def __str__(self) -> str:
        return (
            f"{self.country}, {self.zones} zones, {self.northernmost} to {self.southernmost}: {self.kilometres} km"
        )


def table(name: str) -> str:
    """The text of a table that ships with the package."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def demo_agent(model: Any, **settings: Any) -> Any:
    """A code agent with the tools of the demonstration."""
    from ..agents import CodeAgent
    from ..tools import tool

    return CodeAgent(tools=[tool(read_table), tool(great_circle_km)], model=model, output_type=Answer, **settings)


def read_table(name: Literal["zone1970.tab", "iso3166.tab"]) -> list[str]:
    """The lines of a table of the IANA time zone database. Tabs separate its columns; lines that begin with # are
    comments and explain them.

    Args:
        name: The table.
    """
    return table(name).splitlines()


def great_circle_km(latitude1: float, longitude1: float, latitude2: float, longitude2: float) -> float:
    """The distance in kilometres of two points on the surface of the earth, given in degrees."""
    lat1, lon1, lat2, lon2 = map(radians, (latitude1, longitude1, latitude2, longitude2))
    haversine = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(haversine))
