"""Quantization tables of encoders that scale a base table by a quality factor, and the way back to the quality."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F64, I64
from jpegqf.jpeg.ijg import FREQUENCY_WEIGHTS, IJG_CHROMA, IJG_LUMA, MAX_STEP, MAX_WIDE_STEP, scaled
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, MOZJPEG_LUMA

EQUIVALENT_ERROR = 1.5
"""Largest :func:`table_error` between a table and that of its equivalent quality; beyond, no quality is given.

The 95th percentile of the difference to equal PSNR and to equal SSIM is 10 and 4 from 0.8 to 1.0, over tables of
encoders; over bent ones 12 and 4, from 1.2 to 1.5 15 and 8, and beyond 1.5 25 and 21. Photoshop's lowest qualities
reach 1.497. Measured by ``python -m bench.equivalents``.
"""
BUSY, CALM, CALM_WEIGHT, DECAY = 320.0, 48.0, 5.5, 1.7
"""The constants of :func:`expected_distortion`; ``python -m bench.equivalents --fit`` finds them."""
MOST_HALF_STEPS = 500.0
"""Half a step over a scale that is as good as any larger one, and whose sinh is no overflow."""


@dataclass(frozen=True)
class Match:
    """How a table compares with those of a quality scale.

    ``kind``: "exact" (every step equal), "equivalent" (``quality`` is that of :func:`equivalent_quality`, and
    ``error`` at most EQUIVALENT_ERROR), or "none", which has no quality. ``low``..``high`` are all qualities that
    write this very table (for coarse scales several do), and ``quality`` is the middle one. ``error``: the
    :func:`table_error` between the table and that of the quality named, None for tables that cannot be compared.
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
    """Quality of 64 steps on the IJG's scale: its own, or the equivalent one; "none" has no number.

    ``steps`` is int64 (8, 8) or (64,), row-major. ``chroma`` compares with table K.2 instead of K.1.
    """
    steps = steps.reshape(64)
    base = IJG_CHROMA if chroma else IJG_LUMA
    found = exact_match(steps, base)
    if found:
        return found
    if steps.min() < 1:
        return Match("none")
    quality = equivalent_quality(steps, chroma)
    error = float(table_error(steps, _ijg_logs(base)[quality - 1]))
    if error > EQUIVALENT_ERROR:
        return Match("none", error=error)
    return Match("equivalent", quality, quality, quality, error)


def equivalent_quality(steps: I64, chroma: bool = False) -> int:
    """The IJG quality 1..100 that distorts a typical photograph as much as 64 steps (1 and more) do.

    It is the quality, interpolated and rounded, whose table has the same :func:`expected_distortion`. A larger step
    never raises it; of an IJG table it is that table's own (of chroma at 1 to 3, which are all 255, one of these). One
    step larger by one lowers it by two at most, and by one in tables of encoders. Over 434 tables of encoders it is on
    average 2.2 from the quality of equal PSNR and 0.5 from that of equal SSIM, at the 95th percentile 5.8 and 1.3, as
    means of 64 photographs; the nearest table by :func:`table_error` is 2.7 and 2.0, at the 95th percentile 5.9 and
    6.0 (``python -m bench.equivalents``). ``chroma`` compares with table K.2 instead of K.1, by the same law, which was
    fitted to luma.
    """
    return int(equivalent_qualities(steps.reshape(64), chroma))


def equivalent_qualities(tables: I64, chroma: bool = False) -> I64:
    """The same of tables (..., 64), int64 (...)."""
    values = _ijg_distortions(IJG_CHROMA if chroma else IJG_LUMA)
    found: I64 = np.rint(np.interp(expected_distortion(tables), values, np.arange(100, 0, -1))).astype(np.int64)
    return found


def expected_distortion(steps: I64) -> F64:
    """Squared error that quantization with 64 steps adds to a typical block, weighted; in squared levels.

    ``steps`` is (..., 64), row-major; the result (...). A photograph has busy parts and calm ones, where errors are
    seen sooner. So this is the sum over frequencies of D(s, b) + CALM_WEIGHT * D(s, c), with D of
    :func:`laplacian_error`, and the mean magnitudes b = BUSY * (1 + row + column)^-DECAY and c = b * CALM / BUSY in
    levels. The four constants were fitted to qualities of equal PSNR and SSIM, on other photographs and tables than
    those of the figures of :func:`equivalent_quality`. Weights of contrast sensitivity made it no better.
    """
    scales, weights = mixed_scales()
    result: F64 = laplacian_error(steps[..., None, :], scales).sum(-1) @ weights
    return result


@lru_cache(maxsize=1)
def mixed_scales(
    busy: float = BUSY, calm: float = CALM, calm_weight: float = CALM_WEIGHT, decay: float = DECAY
) -> tuple[F64, F64]:
    """Scales of coefficients in busy and in calm parts, float (2, 64) in levels, and the parts' weights (2,)."""
    falling = (1 + np.add.outer(np.arange(8), np.arange(8)).reshape(64)) ** -decay
    return np.stack([busy * falling, calm * falling]), np.array([1.0, calm_weight])


def laplacian_error(steps: I64, scales: F64) -> F64:
    """Expected squared error of coefficients rounded to multiples of ``steps``, as they broadcast with ``scales``.

    Coefficients of photographs are about Laplacian (Lam and Goodman, 2000, "A mathematical analysis of the DCT
    coefficient distributions for images"). Of one with mean magnitude b the error is, in squared levels,

        D(s, b) = 2 b^2 (1 - t / sinh t),  t = s / (2 b):

    s^2 / 12 for small steps s, the variance 2 b^2 for large ones. It follows from Sullivan, 1996, "Efficient scalar
    quantization of exponential and Laplacian random variables", for uniform steps that are restored to their middles.
    """
    half = np.minimum(steps / (2 * scales), MOST_HALF_STEPS)
    result: F64 = 2 * scales**2 * (1 - half / np.sinh(half))
    return result


@lru_cache(maxsize=2)
def _ijg_distortions(base: tuple[int, ...]) -> F64:
    """:func:`expected_distortion` of the IJG tables, rising: of quality 100 first."""
    return expected_distortion(np.stack([scaled(np.array(base, np.int64), quality) for quality in range(100, 0, -1)]))


def table_error(steps: I64, logs: F64) -> F64:
    """Distance of 64 steps from tables (..., 64), given as natural logarithms; shape (...).

    The root of the weighted mean of squared log ratios of steps, weights 1 / (1 + row + column): 0.1 says that
    steps differ by some 10 %, low frequencies counting most.
    """
    difference = np.log(steps) - logs
    result: F64 = np.sqrt((difference * difference) @ FREQUENCY_WEIGHTS)
    return result


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
