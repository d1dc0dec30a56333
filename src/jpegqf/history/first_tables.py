"""The luma tables that an earlier save may have had, and how common each is."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from jpegqf.arrays import F64, I16, I64, U8, Bool
from jpegqf.jpeg.all_tables import set_tables
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.jpeg.known_tables import Family
from jpegqf.jpeg.table_match import equivalent_qualities, equivalent_quality
from jpegqf.kernels.compiled import kernels

IJG_SHARE = 0.7
"""Share of earlier saves to expect that have an IJG table: most programs use libjpeg or its tables."""
DEFAULTS, ROUND = (75, 80, 85, 90, 92, 95), (5, 10)
"""IJG qualities that named programs save at unless they are told otherwise, and what round qualities are multiples of.

75: cjpeg, Pillow, libvips, PHP's GD. 80: sharp. 85: GIMP before 2.10. 90: GIMP since. 92: ImageMagick, and
``canvas.toBlob`` of browsers built on Chromium. 95: OpenCV.
"""
OF_DEFAULTS, OF_TENS, OF_FIVES = 12.0, 6.0, 3.0
"""How much more often a default, another multiple of ten and another of five is chosen than any other quality."""

FAMILIES = tuple(Family)
"""Families of encoders, by their index."""


@dataclass(frozen=True)
class FirstTables:
    """Luma tables: ``steps`` int64 (n, 64), row-major; ``quality`` int64 (n,), their equivalent IJG qualities.

    ``log_prior``, float64 (n,): natural logarithm of how common each is among earlier saves. ``even``: the same where
    each IJG quality is as common as another. ``family``, int64 (n,): who writes each, as an index of FAMILIES.
    ``ijg``: indices of the IJG tables, by quality; ``is_ijg``, bool (n,). ``sums``, int64 (n,): of all steps of each.
    ``narrow``, uint8 (n, 64): the steps once more, a table in a line of the processor's cache.
    """

    steps: I64
    quality: I64
    log_prior: F64
    even: F64
    family: I64
    ijg: I64
    is_ijg: Bool
    sums: I64
    narrow: U8


@lru_cache(maxsize=1)
def first_tables() -> FirstTables:
    """All tables of encoders with a setting for each, made once."""
    known = set_tables()
    steps = known.steps.astype(np.int64)
    ijg = np.array([writer.family == Family.IJG for writer in known.writers])
    even = np.where(ijg, -np.log(ijg.sum()), known.log_prior)
    even[~ijg] -= np.log(np.exp(even[~ijg]).sum())
    log_prior = even.copy()
    weights = np.array([_weight(int(known.writers[i].quality or 0)) for i in np.flatnonzero(ijg).tolist()])
    log_prior[ijg] = np.log(weights / weights.sum())
    for one in (even, log_prior):
        one += np.where(ijg, np.log(IJG_SHARE), np.log(1 - IJG_SHARE))
    family = np.array([FAMILIES.index(writer.family) for writer in known.writers])
    return FirstTables(
        steps, equivalent_qualities(steps), log_prior, even, family, np.flatnonzero(ijg), ijg, steps.sum(axis=1),
        steps.astype(np.uint8),
    )  # fmt: skip


def coarser_tables(last_table: I64) -> I64:
    """Indices of the tables of a lower quality than that of the last, see :func:`quality_of`; not to be written to."""
    return _tables_beside(quality_of(last_table))[0]


def only_ijg(tables: I64) -> I64:
    """Those of the tables, by their indices, that are the IJG's."""
    return tables[first_tables().is_ijg[tables]]


def coarser_ijg_tables(last_table: I64) -> I64:
    """Those of them that are the IJG's."""
    return only_ijg(coarser_tables(last_table))


def finer_tables(last_table: I64) -> I64:
    """Indices of the tables of a higher quality than that of the last, see :func:`quality_of`; not to be written to."""
    return _tables_beside(quality_of(last_table))[1]


def quality_of(table: I64) -> int:
    """The equivalent IJG quality of a luma table, int, its 64 steps row-major in any shape."""
    return _equivalent_quality(table.astype(np.int64).tobytes())


@lru_cache(maxsize=256)
def _equivalent_quality(table: bytes) -> int:
    """That of a table by its bytes: most images share a few tables."""
    return equivalent_quality(np.frombuffer(table, np.int64))


@lru_cache(maxsize=101)
def _tables_beside(quality: int) -> tuple[I64, I64]:
    """Indices of the tables below and above an equivalent quality."""
    qualities = first_tables().quality
    return np.flatnonzero(qualities < quality), np.flatnonzero(qualities > quality)


def transposed_frequencies(frequencies: I64) -> I64:
    """Row-major indices of the same frequencies in a table whose rows and columns were exchanged."""
    row, column = np.divmod(frequencies, 8)
    out: I64 = 8 * column + row
    return out


@dataclass(frozen=True)
class AskedSteps:
    """The different steps that some tables have at some frequencies; not to be written to.

    ``tables``, int64 (tables,): their indices; ``frequencies``, int64 (frequencies,): row-major. ``steps``, int64
    (steps,): ascending at each frequency, one frequency after the other; ``asked``, int64 (frequencies,): how many of
    each.
    """

    tables: I64
    frequencies: I64
    steps: I64
    asked: I64

    @cached_property
    def places(self) -> I16:
        """Where each table's step at each frequency is among the steps, int16 (tables, frequencies)."""
        place, each = np.zeros((len(self.asked), MAX_STEP + 1), np.int16), np.arange(len(self.asked))
        place[np.repeat(each, self.asked), self.steps] = np.arange(len(self.steps))
        out: I16 = place[each, _tables_at(self.tables, self.frequencies)]
        return out


def asked_steps(tables: I64, frequencies: I64) -> AskedSteps:
    """The steps that the tables, by their indices, have at some row-major frequencies; both int64."""
    return _asked_steps(tables.tobytes(), frequencies.tobytes())


@lru_cache(maxsize=512)
def _asked_steps(tables: bytes, frequencies: bytes) -> AskedSteps:
    """The same of the bytes of both: many images share them."""
    chosen, each = np.frombuffer(tables, np.int64), np.frombuffer(frequencies, np.int64)
    marked = marked_steps(chosen, each)
    return AskedSteps(chosen, each, np.nonzero(marked)[1], marked.sum(axis=1))


def marked_steps(tables: I64, frequencies: I64) -> Bool:
    """Which steps 0..255 the tables have at each of some frequencies, bool (frequencies, 256)."""
    compiled = kernels()
    if compiled is not None:
        return compiled.mark_steps(first_tables().narrow, tables, frequencies)
    marked = np.zeros((len(frequencies), MAX_STEP + 1), bool)
    marked[np.arange(len(frequencies)), _tables_at(tables, frequencies)] = True
    return marked


def _tables_at(tables: I64, frequencies: I64) -> I64:
    """The steps, int64 (tables, frequencies), of the tables, by their indices, at some row-major frequencies."""
    out: I64 = first_tables().steps[tables[:, None], frequencies]
    return out


def sums_over_frequencies(of_steps: F64, tables: I64, frequencies: I64) -> F64:
    """For each of the tables, by their indices, the sum of what its steps have, float64 (tables,).

    ``of_steps``, float64 (frequencies, 256): a number for each step at each of the row-major frequencies.
    """
    compiled = kernels()
    if compiled is not None:
        return compiled.sum_steps(first_tables().narrow, tables, frequencies, of_steps)
    out: F64 = of_steps[np.arange(len(frequencies)), _tables_at(tables, frequencies)].sum(axis=1)
    return out


def _weight(quality: int) -> float:
    """How much more often a quality is chosen than an odd one."""
    if quality in DEFAULTS:
        return OF_DEFAULTS
    fives, tens = ROUND
    if quality % tens == 0:
        return OF_TENS
    return OF_FIVES if quality % fives == 0 else 1.0
