"""Histograms of coefficients on all 64 grids -> evidence of each earlier step on each of the 63 other grids.

The pooled histogram, gathered in cells one step wide and blurred, is the density to expect on the earlier grid. Its log
likelihood ratio against the pooled histogram itself adds up over coefficients; the median of the grids is taken off.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I64, median
from jpegqf.history.dc_steps import triangle
from jpegqf.history.other_grid.counts import OtherGridCounts
from jpegqf.kernels.compiled import kernels
from jpegqf.pixels.grid import GRIDS

SMOOTH_BINS_OF_DC, SMOOTH_BINS = 9, 5
"""Width, for DC and for others, of the triangle that smooths the pooled histogram: its noise would look like evidence.
"""
UNTOUCHED_SHARE = 0.2
"""Share of coefficients assumed to show no trace, so that one odd coefficient changes the evidence by little."""
ZERO_WEIGHT = 0.5
"""Weight of the evidence from coefficients that round to zero: their number varies between grids for other reasons."""
USED_SHARE = 0.998
"""Share of the coefficients that are compared, the smallest: the few others need most of the bins."""
FAR = 12.0
"""Distance of multiples, in standard deviations, from which their blurs do not overlap: at 6, 1e-8 of the peak."""
FINEST = 2.0
"""Steps below this many standard deviations leave no comb and are not used."""


@dataclass(frozen=True)
class StepRatios:
    """Evidence of each earlier step on each of the other grids, natural logarithms.

    ``steps``, int64 (steps,): those asked at each frequency, ascending, one frequency after the other; ``asked``, int64
    (frequencies,): how many of each. ``found``, float32 (steps, GRIDS - 1): log likelihood ratio of the step on a grid
    minus the grids' median; ``expected``, float32 (steps,): its mean on a grid if the step were true.
    """

    steps: I64
    asked: I64
    found: F32
    expected: F32

    @property
    def starts(self) -> I64:
        """Place of each frequency's first step, int64 (frequencies,)."""
        out: I64 = np.cumsum(self.asked) - self.asked
        return out

    def followed_by(self, more: "StepRatios") -> "StepRatios":
        """These and those of further frequencies."""
        return StepRatios(
            np.concatenate([self.steps, more.steps]), np.concatenate([self.asked, more.asked]),
            np.concatenate([self.found, more.found]), np.concatenate([self.expected, more.expected]),
        )  # fmt: skip


def step_ratios(counts: OtherGridCounts, steps: I64, asked: I64) -> StepRatios:
    """Evidence of steps, flat, ascending at each frequency: ``asked[f]`` of each of the last ``len(asked)`` counted."""
    first = len(counts.used) - len(asked)
    smoothed = np.where(counts.used[first:] == 0, SMOOTH_BINS_OF_DC, SMOOTH_BINS)
    histograms, sigma, width, compiled = (
        counts.histograms[first:],
        counts.sigma[first:],
        counts.width[first:],
        kernels(),
    )
    if compiled is not None:
        found, expected = compiled.grid_evidence(
            histograms, sigma, width, smoothed, asked, steps, USED_SHARE, FINEST, FAR, UNTOUCHED_SHARE, ZERO_WEIGHT
        )
        return StepRatios(steps, asked, found, expected)
    of_each = np.split(steps, np.cumsum(asked)[:-1])
    arguments = zip(histograms, of_each, sigma.tolist(), width.tolist(), smoothed.tolist(), strict=True)
    found, expected = (
        np.concatenate(parts) for parts in zip(*(_of_one_frequency(*one) for one in arguments), strict=True)
    )
    return StepRatios(steps, asked, found, expected)


def _of_one_frequency(counts: F32, steps: I64, sigma: float, width: float, smoothed: int) -> tuple[F32, F32]:
    """Evidence of each step on each grid, float32 (steps, GRIDS - 1), and expected, (steps,).

    ``counts``, float32 (bins, GRIDS); ``sigma``, ``width``: of the blur and of a bin, grey levels; ``smoothed``: width
    of the triangle, bins.
    """
    found, expected = np.zeros((len(steps), GRIDS - 1), np.float32), np.zeros(len(steps), np.float32)
    pooled = counts[:, 1:].sum(axis=1)
    below = (pooled + counts[:, 0]).cumsum()
    filled = int(np.searchsorted(below, USED_SHARE * below[-1])) + smoothed
    first = int(np.searchsorted(steps, FINEST * sigma))
    last = first + _distinguishable(steps[first:], filled * width)
    if first < last:
        found[first:last], expected[first:last] = _ratios(
            counts[:filled, 1:], pooled[:filled], steps[first:last] / width, sigma / width, smoothed
        )
        found[last:], expected[last:] = found[last - 1], expected[last - 1]
    return found, expected


def _distinguishable(steps: I64, largest: float) -> int:
    """How many of the steps, ascending, leave different traces in coefficients up to the ``largest``, in levels.

    Steps beyond twice the largest round all of them to zero; the first of these stands for them.
    """
    return min(len(steps), int(np.searchsorted(steps, 2 * largest)) + 1)


def _ratios(counts: F32, pooled: F32, steps: F64, sigma: float, smoothed: int) -> tuple[F32, F32]:
    """Log likelihood ratio of each step and grid (steps, GRIDS - 1) above the grids' median, and its mean (steps,).

    The mean is that on a grid if the step were true. ``counts``, float32 (bins, GRIDS - 1), and ``pooled``, (bins,),
    their sum; ``steps``, ascending, ``sigma`` and ``smoothed`` in bins.
    """
    mass = pooled.astype(np.float64) + 1e-3
    mass /= mass.sum()
    plain = _smoothed(mass, smoothed).astype(np.float32)
    comb = _comb(mass, steps, sigma)
    comb *= np.float32(1 - UNTOUCHED_SHARE)
    comb += np.float32(UNTOUCHED_SHARE) * plain
    ratio = np.log(comb / plain)
    ratio[np.arange(len(mass)) < steps[:, None] / 2] *= ZERO_WEIGHT
    found = ratio @ counts
    return found - median(found, 1)[:, None], pooled.sum() / np.float32(GRIDS - 1) * np.einsum("sb,sb->s", comb, ratio)


def _smoothed(mass: F64, width: int) -> F64:
    """The histogram of |x| under a triangle ``width`` bins wide, mirrored at zero (whose bin is half as wide)."""
    half = width // 2
    both = np.concatenate([mass[half:0:-1], mass, np.full(half, mass[-1])])
    both[half] *= 2
    out: F64 = np.convolve(both, triangle(width), "valid")
    out[0] /= 2
    return out


def _comb(mass: F64, steps: F64, sigma: float) -> F32:
    """The histogram (bins,) gathered in cells one step (ascending, in bins) wide and blurred, float32 (steps, bins)."""
    bins = len(mass)
    step = steps[:, None].astype(np.float32)
    most = int(bins / steps[0]) + 3
    edges = np.concatenate([[0.0], np.arange(bins) + 0.5])
    below = np.interp((np.arange(most) + 0.5) * steps[:, None], edges, np.concatenate([[0.0], np.cumsum(mass)]))
    cells = np.diff(below, axis=1, prepend=0).astype(np.float32)
    cells[:, 0] *= 2  # both signs, as for the mirrored multiples
    mirrored = np.concatenate([cells[:, 1:2], cells], axis=1).ravel()
    value = np.arange(bins, dtype=np.float32)
    nearest = np.rint(value / step)
    rest = (value - nearest * step) / np.float32(sigma)
    place = nearest.astype(np.intp) + (np.arange(len(steps)) * (most + 1))[:, None] + 1
    out: F32 = mirrored[place] * np.exp(-0.5 * rest * rest)
    near = int(np.searchsorted(steps, FAR * sigma))  # the blurs of longer steps do not meet
    for beside in (-1, 1):
        apart = rest[:near] - np.float32(beside / sigma) * step[:near]
        out[:near] += mirrored[place[:near] + beside] * np.exp(-0.5 * apart * apart)
    out[:, 0] /= 2
    out /= np.maximum(out.sum(axis=1, keepdims=True), np.float32(1e-9))
    return out
