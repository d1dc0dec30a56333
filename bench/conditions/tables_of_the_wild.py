"""Clean images and random generator -> JPEGs with quantization tables of the wild, of editors and of other encoders."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from unittest.mock import patch

import numpy as np
from PIL import Image

from bench.accuracy import SUBSAMPLINGS, draw_region
from bench.conditions.making import Case, LeftOutError, Rng, pixels_of, png, with_tables
from jpegqf.arrays import I64
from jpegqf.jpeg.all_tables import KnownTables, gathered
from jpegqf.jpeg.ijg import MAX_STEP, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA, Family
from jpegqf.jpeg.listed_tables import ListedTable, listed_tables
from jpegqf.jpeg.table_match import equivalent_quality, match_ijg
from jpegqf.tables import reading
from jpegqf.train.synthesis import compress

SIDE = 512
"""Pixels a side of a PNG whose whole table is to be named."""
AGAIN = 97
"""Quality at which a JPEG of the wild is saved again."""


@lru_cache(maxsize=1)
def of_8_bits() -> tuple[ListedTable, ...]:
    """The tables of the package's list with steps 1..255."""
    return tuple(table for table in listed_tables() if min(table.luma) >= 1 and max(table.luma) <= MAX_STEP)


def is_held_out(table: ListedTable) -> bool:
    """Whether it is of the half of the list that nothing was fitted to."""
    return zlib.crc32(bytes(table.luma)) % 2 == 1


@lru_cache(maxsize=1)
def held_out() -> tuple[ListedTable, ...]:
    """The half of the list that nothing was fitted to."""
    return tuple(filter(is_held_out, of_8_bits()))


@lru_cache(maxsize=1)
def fitted_half() -> KnownTables:
    """All known tables without the held-out half; an editor's with a quality of its own stay."""
    return gathered([table for table in of_8_bits() if not is_held_out(table) or table.quality is not None])


@lru_cache(maxsize=1)
def left_out() -> tuple[ListedTable, ...]:
    """The tables that :func:`fitted_half` lacks."""
    kept = set(map(tuple, fitted_half().steps.tolist()))
    return tuple(table for table in held_out() if table.luma not in kept)


@contextmanager
def known_as(tables: KnownTables) -> Iterator[None]:
    """What reads tables from pixels knows these alone."""
    with patch.object(reading, "known_tables", lambda: tables):
        yield


def quality_of(luma: I64) -> int:
    """The IJG quality that a table has or is equivalent to, however far from it."""
    return match_ijg(luma).quality or equivalent_quality(luma)


def _one_of(tables: tuple[ListedTable, ...], rng: Rng) -> tuple[I64, I64]:
    """A luma and a chroma table; the same where none was seen with it."""
    return _steps(tables[rng.integers(len(tables))])


def _steps(table: ListedTable) -> tuple[I64, I64]:
    return np.array(table.luma, np.int64), np.array(table.chroma or table.luma, np.int64)


def _case(region: Image.Image, luma: I64, chroma: I64, rng: Rng) -> Case:
    """A JPEG with these tables."""
    data = with_tables(region, luma, chroma, SUBSAMPLINGS[rng.integers(3)], rng)
    steps = tuple(luma.tolist())
    return Case(data, region, quality_of(luma), (0, 0), jpeg=data, verdict="consistent", table=steps)


def _as_png(case: Case) -> Case:
    return Case(png(pixels_of(case.data)), case.region, case.quality, case.grid, jpeg=case.jpeg, table=case.table)


def wild(image: Image.Image, rng: Rng) -> Case:
    """A JPEG with a table of the wild."""
    return _case(draw_region(image, rng), *_one_of(held_out(), rng), rng)


def wild_again(image: Image.Image, rng: Rng) -> Case:
    """A JPEG with a table of the wild, saved again at 97 on the same grid."""
    first = wild(image, rng)
    data = compress(pixels_of(first.data), AGAIN, rng)
    return Case(data, first.region, AGAIN, (0, 0), first.quality, jpeg=data)


def wild_png(image: Image.Image, rng: Rng) -> Case:
    """A JPEG with a table of the wild, as PNG, asked with a list that lacks it; its quality is the equivalent one."""
    return _as_png(_case(draw_region(image, rng), *_one_of(left_out(), rng), rng))


def listed_png(image: Image.Image, rng: Rng) -> Case:
    """A JPEG of 512x512 pixels with a table of the list, as PNG; its quality is the equivalent one."""
    if min(image.size) < SIDE:
        raise LeftOutError("image too small")
    left, top = (int(rng.integers(side - SIDE + 1)) for side in image.size)
    region = image.crop((left, top, left + SIDE, top + SIDE))
    return _as_png(_case(region, *_one_of(of_8_bits(), rng), rng))


def editors(image: Image.Image, rng: Rng) -> Case:
    """A JPEG with tables of Photoshop, jpegli at 50 to 95, or a mozjpeg base at 10 to 98."""
    region, subsampling = draw_region(image, rng).convert("RGB"), SUBSAMPLINGS[rng.integers(3)]
    name, family, quality, luma, chroma = (_photoshop, _jpegli, _mozjpeg)[rng.integers(3)](subsampling, rng)
    data = with_tables(region, luma, chroma, subsampling, rng)
    return Case(
        data, region, quality_of(luma), (0, 0), variant=f"{name} at {quality}", jpeg=data, verdict="consistent",
        table=tuple(luma.tolist()), writer=(family, quality),
    )  # fmt: skip


_Written = tuple[str, Family, int, I64, I64]
"""Encoder, its family, quality on its own scale, luma and chroma table (64,) each."""


def _photoshop(_: str, rng: Rng) -> _Written:
    known = (table for table in of_8_bits() if table.family == Family.ADOBE and table.quality is not None)
    pairs = [table for table in known if table.chroma]
    drawn = pairs[rng.integers(len(pairs))]
    return drawn.name, drawn.family, drawn.quality or 0, *_steps(drawn)


def _jpegli(subsampling: str, rng: Rng) -> _Written:
    quality, half = int(rng.integers(50, 96)), subsampling == "4:2:0"
    luma, chroma = (jpegli_table(quality_to_distance(quality), plane, half).reshape(64) for plane in ("Y", "Cr"))
    return "jpegli", Family.JPEGLI, quality, luma, chroma


def _mozjpeg(_: str, rng: Rng) -> _Written:
    """A base at a quality that does not make all steps 1: those are the IJG's at 100, too."""
    number, quality = int(rng.integers(1, 9)), int(rng.integers(10, 99))
    luma, chroma = (scaled(np.array(bases[number], np.int64), quality) for bases in (MOZJPEG_LUMA, MOZJPEG_CHROMA))
    if luma.max() == chroma.max() == 1:
        return _mozjpeg(_, rng)
    return f"mozjpeg table {number}", Family.MOZJPEG, quality, luma, chroma
