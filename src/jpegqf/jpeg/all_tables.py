"""All luma tables that known encoders write, with who writes each and how much to expect it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F64, I64
from jpegqf.jpeg.ijg import IJG_LUMA, MAX_STEP, QUALITIES, ijg_luma_all, real_quality, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import IJG_NAME, MOZJPEG_LUMA, SCALED_NAME, Family
from jpegqf.jpeg.listed_tables import ListedTable, listed_tables
from jpegqf.jpeg.ruled_tables import FFMPEG_NAME, FFMPEG_QUALITIES, ffmpeg_table, guetzli_tables

FREE_SHARE = 0.3
"""Share of images to expect whose table is in no list."""
WEIGHTS = {
    Family.IJG: 0.25,
    Family.MOZJPEG: 0.05,
    Family.JPEGLI: 0.05,
    Family.FFMPEG: 0.03,
    Family.GUETZLI: 0.01,
    Family.SCALED: 0.12,
    Family.UNKNOWN: 0.2,
}
"""Share of images to expect of each family; the listed tables, whoever writes them, are counted as unknown. The rest
are tables of no list. Only their orders of magnitude matter: an image gives hundreds of nats."""
COMMON = 0.5
"""Share of jpegli's tables that come from a whole quality."""
DISTANCES = np.concatenate([np.arange(0.05, 3, 0.05), np.arange(3, 25.1, 0.5)])
"""jpegli's distances that are tried beside those of whole qualities: those that people type."""


@dataclass(frozen=True)
class Writer:
    """Who writes a table: the encoder's family, and the setting on its own scale where there is one."""

    family: Family
    name: str
    quality: float | None = None


@dataclass(frozen=True)
class KnownTables:
    """Known luma tables: ``steps`` int16 (n, 64), row-major, ``log_prior`` float64 (n,), and ``writers`` of each."""

    steps: NDArray[np.int16]
    log_prior: F64
    writers: Sequence[Writer]

    def __len__(self) -> int:
        return len(self.steps)


@lru_cache(maxsize=1)
def known_tables() -> KnownTables:
    """All known tables, made once."""
    return gathered(listed_tables())


@lru_cache(maxsize=1)
def set_tables() -> KnownTables:
    """The tables that an encoder writes at one of its settings, and the listed ones, made once.

    The thousands are left out that guetzli chooses from, and those of Annex K scaled by any factor.
    """
    return gathered(listed_tables(), of_settings=True)


def gathered(listed: Sequence[ListedTable], of_settings: bool = False) -> KnownTables:
    """The tables of all rules, and those ``listed``; ``of_settings``: as :func:`set_tables` says.

    A table that several rules give counts for the first: Annex K's come before those that are seen less often. jpegli's
    qualities can give one table at different subsamplings, which then leaves its quality open.
    """
    steps, priors, writers, seen = [], [], [], set[bytes]()
    for family, tables, share, of_tables in _groups(listed, of_settings):
        for table, writer in zip(tables, of_tables, strict=True):
            table = table.reshape(64).astype(np.int16)
            key = table.tobytes()
            if key not in seen or family == Family.JPEGLI:
                seen.add(key)
                steps.append(table)
                priors.append(np.log(WEIGHTS[family] * share / len(of_tables)))
                writers.append(writer)
    return KnownTables(np.stack(steps), np.array(priors), writers)


_Group = tuple[Family, Sequence[I64], float, list[Writer]]
"""Family, its tables, which share of the family's images they make, and their writers."""


def _groups(listed: Sequence[ListedTable], of_settings: bool) -> Iterator[_Group]:
    yield Family.IJG, list(ijg_luma_all()), 1.0, [Writer(Family.IJG, IJG_NAME, int(quality)) for quality in QUALITIES]
    yield _mozjpeg()
    yield from _jpegli()
    yield _ffmpeg()
    if not of_settings:
        guetzli = guetzli_tables()
        yield Family.GUETZLI, guetzli, 1.0, [Writer(Family.GUETZLI, "guetzli")] * len(guetzli)
        yield _scaled_by_any_factor()
    kept = [table for table in listed if min(table.luma) >= 1 and max(table.luma) <= MAX_STEP]
    writers = [Writer(table.family, table.name, table.quality) for table in kept]
    yield Family.UNKNOWN, [np.array(table.luma, np.int64) for table in kept], 1.0, writers


def _mozjpeg() -> _Group:
    tables, writers = [], []
    for number in range(1, 9):
        base = np.array(MOZJPEG_LUMA[number], np.int64)
        tables += [scaled(base, int(quality)) for quality in QUALITIES]
        writers += [Writer(Family.MOZJPEG, f"mozjpeg -quant-table {number}", int(quality)) for quality in QUALITIES]
    return Family.MOZJPEG, tables, 1.0, writers


def _jpegli() -> Iterator[_Group]:
    for subsampled in (False, True):
        tables = [jpegli_table(quality_to_distance(int(quality)), "Y", subsampled) for quality in QUALITIES]
        writers = [Writer(Family.JPEGLI, "jpegli", int(quality)) for quality in QUALITIES]
        yield Family.JPEGLI, tables, COMMON / 2, writers
    others = {table.tobytes(): table for table in _jpegli_between()}
    yield Family.JPEGLI, list(others.values()), 1 - COMMON, [Writer(Family.JPEGLI, "jpegli")] * len(others)


def _jpegli_between() -> Iterator[I64]:
    for subsampled in (False, True):
        for distance in DISTANCES:
            yield jpegli_table(float(distance), "Y", subsampled)


def _ffmpeg() -> _Group:
    tables = [ffmpeg_table(quality) for quality in FFMPEG_QUALITIES]
    return Family.FFMPEG, tables, 1.0, [Writer(Family.FFMPEG, FFMPEG_NAME, quality) for quality in FFMPEG_QUALITIES]


def _scaled_by_any_factor() -> _Group:
    """Annex K's luma table times every factor that gives another table, rounded to nearest or down.

    Cameras and editors scale it by factors of their own.
    """
    base = np.array(IJG_LUMA, np.float64)
    tables, writers = [], []
    for rounding in (0.5, 0.0):
        changes = np.unique((np.arange(2, MAX_STEP + 1)[:, None] - rounding) / np.unique(base))
        factors = ((changes[1:] + changes[:-1]) / 2)[np.diff(changes) > SMALLEST_CHANGE]
        factors = factors[factors < LARGEST_FACTOR]
        tables += list(np.clip(np.floor(base * factors[:, None] + rounding), 1, MAX_STEP).astype(np.int64))
        writers += [Writer(Family.SCALED, SCALED_NAME, real_quality(float(factor))) for factor in factors]
    return Family.SCALED, tables, 1.0, writers


SMALLEST_CHANGE = 1e-6
"""Differences of factors below this are those of floating-point numbers."""
LARGEST_FACTOR = 4.0
"""That of quality 12.5: cameras and editors write no coarser tables."""
