"""Quantization tables of the wild that follow no known rule, and who was seen to write them.

``listed_tables.csv`` holds the facts: a pair of tables a row, who writes it, and where it was seen. It is made by
``python -m bench.list_tables``.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from jpegqf.jpeg.known_tables import Family


@dataclass(frozen=True)
class ListedTable:
    """A luma table of 64 steps, row-major, its chroma table if one was seen with it, and who writes the pair.

    ``family`` and ``name``: Family.UNKNOWN and "" where nobody is known to. ``quality``: on that encoder's own scale.
    ``seen``: where the pair was seen.
    """

    luma: tuple[int, ...]
    chroma: tuple[int, ...] | None
    family: Family
    name: str
    quality: int | None
    seen: str


@lru_cache(maxsize=1)
def listed_tables() -> tuple[ListedTable, ...]:
    """All of them, read once."""
    text = resources.files("jpegqf.jpeg").joinpath("listed_tables.csv").read_text(encoding="utf-8")
    return tuple(map(parse_row, csv.DictReader(text.splitlines())))


def parse_row(row: dict[str, str]) -> ListedTable:
    """A row of the list. Raises ValueError for one without luma steps, or with a family that is none."""
    luma, chroma = (tuple(map(int, row[plane].split())) or None for plane in ("luma", "chroma"))
    if luma is None:
        raise ValueError("a listed table has no luma steps")
    quality = int(row["quality"]) if row["quality"] else None
    return ListedTable(luma, chroma, Family(row["family"]), row["name"], quality, row["seen"])


@lru_cache(maxsize=1)
def by_steps() -> dict[tuple[int, ...], tuple[ListedTable, ...]]:
    """The listed tables by their luma steps: several where one luma table was seen with different chroma tables."""
    found: dict[tuple[int, ...], tuple[ListedTable, ...]] = {}
    for table in listed_tables():
        found[table.luma] = (*found.get(table.luma, ()), table)
    return found
