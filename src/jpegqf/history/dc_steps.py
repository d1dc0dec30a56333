"""How often each multiple of the last DC step occurs -> evidence for each DC step of an earlier save on the same grid.

DC coefficients cover their whole range, so that an earlier step leaves a pattern of full and empty multiples with the
period of both steps, in every image with many grey levels. Their density has no known shape; it is taken as smooth:
what is expected of a single save is the histogram itself under a triangle. What is expected after an earlier step is
the same density gathered in cells one earlier step wide, each put at its middle, blurred, and rounded to the last step.
"""

from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I64
from jpegqf.kernels.compiled import kernels

SMOOTH, SMOOTH_FINER = 4, 2
"""Multiples on either side over which the triangle is above zero; the second where all earlier steps are finer.

The pattern of finer ones has a period of one or two multiples.
"""
AROUND, MOST_ABOVE = 8, 3.0
"""A multiple counts at most so many times the mean of those around, so many on either side.

Flat areas make single ones stand out."""
AROUND_EACH: F64 = (np.arange(-AROUND, AROUND + 1) != 0) / (2.0 * AROUND)
"""Weights of the mean of those on either side."""
FEWEST = 20
"""Fewest blocks for any evidence."""
UNTOUCHED_SHARE = 0.3
"""Share of blocks assumed to show no trace, so that a few odd ones change the evidence by little."""
BLUR = 0.45
"""Standard deviation, grey levels, of a coefficient's error between two saves: rounding of luma, RGB and luma again."""
LOGISTIC = 1.702
"""Factor by which a logistic function is nearest to the normal distribution's."""


def dc_ratios(counts: F32, last: int, steps: I64) -> tuple[F64, F64]:
    """Log likelihood ratio of each earlier DC step against a single save, and its mean if the step were true.

    ``counts``, float32 (2 n + 1,): how often the multiple of the ``last`` step is -n ... n. ``steps``: int64 (steps,).
    Returns two float64 (steps,), natural logarithms; zeros where there are too few blocks.
    """
    capped: F64 = np.minimum(counts, MOST_ABOVE * _mean_around(counts) + 1)
    if not len(steps) or capped.sum() < FEWEST:
        return np.zeros(len(steps)), np.zeros(len(steps))
    smooth = _smoothed(capped, SMOOTH_FINER if steps.max() < last else SMOOTH) + 1e-3
    single = smooth / smooth.sum()
    found, expected = _of_earlier_steps(capped, single, last, steps)
    return found, capped.sum() * expected


def _of_earlier_steps(counts: F64, single: F64, last: int, steps: I64) -> tuple[F64, F64]:
    """Log likelihood ratio of each step against a single save, and its mean for one block if the step were true.

    ``single``, float64 (2 n + 1,): probability of each multiple after a single save. Returns two float64 (steps,).
    """
    compiled = kernels()
    if compiled is not None:
        return compiled.dc_ratios(counts, single, last, steps, LOGISTIC * last / BLUR, UNTOUCHED_SHARE)
    double = (1 - UNTOUCHED_SHARE) * _after_earlier_save(single, last, steps) + UNTOUCHED_SHARE * single
    ratio = np.log(double / single)
    return ratio @ counts, (double * ratio).sum(axis=1)


def _mean_around(counts: F32) -> F64:
    """For each multiple, the mean count of those on either side of it."""
    return _under(counts, AROUND_EACH)


def _smoothed(counts: F64, beside: int) -> F64:
    """The histogram under a triangle, so many multiples on either side."""
    return _under(counts, triangle(2 * beside + 1))


def _under(counts: F32 | F64, weights: F64) -> F64:
    """The mean of the histogram around each multiple, ``weights`` centred on it; beyond its ends nothing is counted."""
    before = len(weights) // 2
    out: F64 = np.convolve(counts, weights)[before : before + len(counts)]
    return out


@lru_cache(maxsize=4)
def triangle(width: int) -> F64:
    """Weights that fall linearly on either side of the middle and add up to 1, float64 (width,); width is odd."""
    weights = np.bartlett(width + 2)[1:-1]
    out: F64 = weights / weights.sum()
    return out


def _after_earlier_save(density: F64, last: int, steps: I64) -> F64:
    """Probability of each multiple of the ``last`` step after an earlier save at each of the steps.

    ``density``, float64 (2 n + 1,): of a single save. Returns float64 (steps, 2 n + 1).
    """
    half = len(density) // 2
    edges = (np.arange(len(density) + 1) - half - 0.5) * last
    below = np.concatenate([[0.0], np.cumsum(density)])
    most = (edges[-1] / steps).astype(np.int64) + 1
    row = np.repeat(np.arange(len(steps)), 2 * most + 1)
    first = np.cumsum(2 * most + 1) - (2 * most + 1)
    value = (np.arange(len(row)) - first[row] - most[row]) * steps[row].astype(np.float64)
    cell = 0.5 * steps[row]
    mass = np.interp(value + cell, edges, below) - np.interp(value - cell, edges, below)
    nearest = np.rint(value / last)
    rest = value / last - nearest
    share = [0.5 - 0.5 * np.tanh(LOGISTIC / 2 * (0.5 - side * rest) * last / BLUR) for side in (-1, 1)]
    out = np.zeros(len(steps) * len(density))
    for beside, part in ((-1, share[0]), (0, 1 - share[0] - share[1]), (1, share[1])):
        place = np.clip(nearest + beside + half, 0, 2 * half).astype(np.intp)
        out += np.bincount(place + row * len(density), mass * part, len(out))
    rows = out.reshape(len(steps), -1)
    rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)
    return rows
