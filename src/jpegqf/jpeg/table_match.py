"""Quantization tables of encoders that scale a base table by a quality factor, and the way back to the quality."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F64, I64
from jpegqf.jpeg.ijg import FREQUENCY_WEIGHTS, IJG_CHROMA, IJG_LUMA, MAX_STEP, MAX_WIDE_STEP, scaled
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA

NEAREST_ERROR = 0.4
"""Largest error at which a table still counts as near an IJG table; see :func:`table_error`."""


@dataclass(frozen=True)
class Match:
    """How a table compares with those of a quality scale.

    ``kind``: "exact" (every step equal), "nearest" (``error`` at most NEAREST_ERROR), or "none", which has no
    quality. ``low``..``high`` are all qualities that write this very table (for coarse scales several do), and
    ``quality`` is the middle one. ``error`` as :func:`table_error` has it, None for tables it cannot compare.
    """

    kind: str
    quality: int | None = None
    low: int | None = None
    high: int | None = None
    error: float | None = None


def exact_match(steps: I64, base: tuple[int, ...]) -> Match | None:
    """The qualities at which libjpeg's scaling of ``base`` gives ``steps`` (64 values), or None."""
    found = _written_by(base).get(steps.astype(np.int64).tobytes())
    if found is None:
        return None
    low, high = found
    return Match("exact", (low + high + 1) // 2, low, high, 0.0)


@lru_cache(maxsize=32)
def _written_by(base: tuple[int, ...]) -> dict[bytes, tuple[int, int]]:
    """Every table written from one base, with its lowest and highest quality."""
    tables: dict[bytes, tuple[int, int]] = {}
    for largest in (MAX_WIDE_STEP, MAX_STEP):
        for quality in range(1, 101):
            key = scaled(np.array(base, np.int64), quality, largest).tobytes()
            tables[key] = (min(quality, tables.get(key, (quality,))[0]), max(quality, tables.get(key, (0, 0))[1]))
    return tables


def match_ijg(steps: I64, chroma: bool = False) -> Match:
    """Quality of 64 steps on the IJG's scale; never a guess: "none" has no number.

    ``steps`` is int64 (8, 8) or (64,), row-major. ``chroma`` compares with table K.2 instead of K.1.
    """
    steps = steps.reshape(64)
    base = IJG_CHROMA if chroma else IJG_LUMA
    found = exact_match(steps, base)
    if found:
        return found
    if steps.min() < 1:
        return Match("none")
    errors = table_error(steps, _ijg_logs(base))
    best = int(errors.argmin())
    error = float(errors[best])
    if error > NEAREST_ERROR:
        return Match("none", error=error)
    return Match("nearest", best + 1, best + 1, best + 1, error)


def table_error(steps: I64, logs: F64) -> F64:
    """Distance of 64 steps from each of n tables, given as natural logarithms, float (n, 64).

    The root of the weighted mean of squared log ratios of steps, weights 1 / (1 + row + column): 0.1 says that
    steps differ by some 10 %, low frequencies counting most. Chosen among 11 metrics over 121 tables (eight
    mozjpeg bases, jpegli, 46 of cameras, editors and damaged files) on five photographs: the nearest IJG quality
    then is, on average, 2.7 from that of equal squared error and 2.4 from that of equal rate (sums of steps: 3.6
    and 6.8; absolute differences: 4.3 and 7.3; unweighted logs: 2.3 and 4.7). Up to an error of 0.4 it is at most
    2 off on average and 8 at worst; beyond, it is soon more than ten, so that no quality is given.
    """
    difference = np.log(steps) - logs
    result: F64 = np.sqrt((difference * difference) @ FREQUENCY_WEIGHTS)
    return result


def equivalent_qualities(tables: I64) -> I64:
    """TEMPORARY"""
    logs=_ijg_logs(IJG_LUMA)
    return np.array([table_error(t, logs).argmin()+1 for t in tables.reshape(-1,64)],np.int64).reshape(-1)


@lru_cache(maxsize=2)
def _ijg_logs(base: tuple[int, ...]) -> F64:
    tables = [scaled(np.array(base, np.int64), quality) for quality in range(1, 101)]
    return np.log(np.stack(tables).astype(np.float64))


ROUNDINGS = (0.5, 0.0, 1 - 1e-9)
"""What is added to a scaled step before it is cut to a whole number: rounded to nearest, down or up."""


def match_scaled(steps: I64, chroma: bool = False) -> float | None:
    """The factor by which Annex K's table gives these 64 steps, in one of the ROUNDINGS; None if no factor does.

    The middle of the factors that all steps admit. A step of DC of its own, as some cameras write, is let pass.
    """
    base = np.array(IJG_CHROMA if chroma else IJG_LUMA, np.float64)[1:]
    ac = steps.reshape(64)[1:].astype(np.float64)
    for rounding in ROUNDINGS:
        low = np.where(ac > 1, (ac - rounding) / base, 0.0).max()
        high = np.where(ac < MAX_STEP, (ac + 1 - rounding) / base, np.inf).min()
        if low < high and ac.min() >= 1 and ac.max() <= MAX_WIDE_STEP:
            return float(low + min(high, 2 * low + 1e-3)) / 2
    return None


def match_mozjpeg(luma: I64, chroma: I64 | None = None) -> tuple[int, Match, Match | None] | None:
    """Which mozjpeg base (1..8; 0 is the IJG's) these tables are scaled from, with the matches; else None.

    ``luma`` and ``chroma``: int64 of 64 steps; both must come from one base, each at a quality of its own.
    mozjpeg's default base is tried first, since bases can agree at the ends of the scale.
    """
    for number in (3, 1, 2, 4, 5, 6, 7, 8):
        first = exact_match(luma.reshape(64), MOZJPEG_LUMA[number])
        if not first:
            continue
        if chroma is None:
            return number, first, None
        second = exact_match(chroma.reshape(64), MOZJPEG_CHROMA[number])
        if second:
            return number, first, second
    return None


def gdiplus_qualities(written: int) -> tuple[int, ...]:
    """Qualities at which Windows GDI+ writes the IJG table of ``written``.

    It writes that of one less, except at multiples of 25, whose hundredths are exact in binary.
    """
    return tuple(q for q in range(1, 101) if written == (q if q % 25 == 0 else max(1, q - 1)))


def wic_qualities(written: int) -> tuple[int, ...]:
    """Qualities (hundredths of ImageQuality) at which the Windows Imaging Component writes that IJG table.

    It cuts the 32-bit product with 100 instead of rounding, which differs only at 53 and 59.
    """
    hundredths = (np.arange(101) / 100).astype(np.float32)
    cut = (hundredths * np.float32(100)).astype(int)
    return tuple(q for q in range(1, 101) if cut[q] == written)
