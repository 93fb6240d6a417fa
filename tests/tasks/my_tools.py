"""The tools and the team of the tasks in `catalog.py`, as a user would write them in a file."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from actlet import CodeAgent, SQLTool, find_model, tool

DATA = Path(__file__).parent / "data"
City = Literal["Aachen", "Bremen", "Cottbus", "Dresden"]
ROADS = {
    ("Aachen", "Bremen"): 367,
    ("Aachen", "Cottbus"): 690,
    ("Aachen", "Dresden"): 643,
    ("Bremen", "Cottbus"): 508,
    ("Bremen", "Dresden"): 475,
    ("Cottbus", "Dresden"): 112,
}
STOCK = {"lamp": 14, "desk": 3, "chair": 0, "shelf": 22}


@tool
def list_notes() -> list[str]:
    """The names of all notes."""
    return sorted(path.name for path in (DATA / "notes").iterdir())


@tool
def read_note(name: str) -> str:
    """The text of a note."""
    return (DATA / "notes" / Path(name).name).read_text()


def _shop() -> str:
    path = Path(tempfile.mkdtemp(prefix="actlet-shop-")) / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((DATA / "shop.sql").read_text())
    return f"sqlite:///{path}"


@tool
def road_km(start: City, end: City) -> int:
    """The length of the road between two different cities, in km."""
    return ROADS[tuple(sorted((start, end)))]  # type: ignore[index]


@tool
def hotel_price(city: City, nights: int) -> float:
    """The price of a hotel in a city for so many nights, in euros."""
    return {"Aachen": 95.0, "Bremen": 82.5, "Cottbus": 61.0, "Dresden": 88.0}[city] * nights


@tool
def exchange_rate(currency: str, day: str) -> float:
    """How many euros one unit of a currency was worth on a day.

    Args:
        currency: what to convert
        day: the day
    """
    parsed = date.fromisoformat(day)
    if parsed.weekday() > 4:
        raise LookupError(
            f"there is no rate for {day}: the market is closed at weekends. Ask for the Friday before."
        )
    return {"USD": 0.92, "CHF": 1.05, "GBP": 1.17}[currency] + parsed.day / 1000


@tool
def stock(product: str) -> int:
    """How many pieces of a product are in stock.

    Args:
        product: lamp, desk, chair or shelf
    """
    return STOCK[product]


@dataclass
class Forecast:
    """The weather of a day."""

    high: float
    low: float
    rain_mm: float


@tool
async def forecast(city: City) -> Forecast:
    """Tomorrow's weather in a city, in degrees Celsius."""
    values = {"Aachen": (17, 9, 4.2), "Bremen": (15, 8, 0.0), "Cottbus": (21, 11, 0.4), "Dresden": (20, 12, 1.1)}
    return Forecast(*values[city])


@dataclass
class Trip:
    """A round trip, as it is asked for in the catalogue."""

    cities: list[str]
    kilometres: int
    hotels: float


def __getattr__(name: str) -> Any:
    """What is made only when it is asked for: the database, and the managed agent."""
    if name == "shop":
        return SQLTool(_shop())
    if name == "stock_keeper":
        return CodeAgent(
            [stock],
            find_model(os.environ["ACTLET_TASK_MODEL"]).model,
            name="stock_keeper",
            description="Knows how many pieces of each product (lamp, desk, chair, shelf) are in stock.",
            verbosity_level=-1,
        )
    raise AttributeError(name)
