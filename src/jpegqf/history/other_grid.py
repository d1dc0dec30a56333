"""Histograms of an image's coefficients on all grids -> an earlier save on another grid (cropped in between).

An image saved at step q1 holds, on that save's grid, multiples of q1. Cropped and saved again on another grid,
it still does, blurred by the last save's rounding errors, each spread by the change of grid over four blocks. (Bianchi
& Piva, "Detection of nonaligned double JPEG compression based on integer periodicity maps", IEEE TIFS 2012, look for
the same period in the DC coefficients.)

All 63 other grids are tried. At most one of them is the earlier grid. The others show how the coefficients of the same
image are distributed where nothing was quantized, so no model of images is needed. For each candidate quality and low
frequency the pooled histogram, gathered in cells one step wide and blurred, is the density to expect on the earlier
grid; its log likelihood ratio against the pooled histogram itself adds up over coefficients and frequencies. A small
network, fitted on single and double saves by ``python -m jpegqf.train.history``, weighs the best grid's evidence
against what is expected and against the other grids'.

An earlier save leaves no usable trace where the last save was coarser or nearly as coarse, and where hardly a
coefficient differs from zero.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jpegqf.arrays import F32, F64, I64, median
from jpegqf.history.classifier import Classifier, History, conclude, lead, named, of_ijg, signed_log
from jpegqf.history.dc_steps import triangle
from jpegqf.history.first_tables import (
    TableEvidence,
    asked_steps,
    coarser_tables,
    first_tables,
    only_ijg,
    tables_at,
    transposed_frequencies,
)  # fmt: skip
from jpegqf.history.other_grid_counts import BINS_PER_SIGMA, OtherGridCounts
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.kernels.compiled import kernels
from jpegqf.pixels.grid import GRIDS

SMOOTH_BINS_OF_DC, SMOOTH_BINS = 17, 5
"""Width, for DC and for others, of the triangle that smooths the pooled histogram: its noise would look like evidence.
"""
UNTOUCHED_SHARE = 0.2
"""Share of coefficients assumed to show no trace, so that one odd coefficient changes the evidence by little."""
ZERO_WEIGHT = 0.5
"""Weight of the evidence from coefficients that round to zero: their number varies between grids for other reasons."""
USED_SHARE = 0.998
"""Share of the coefficients that are compared, the smallest: the few others need most of the bins."""
NAMING_INDEX_SUM = 3
"""The first table is named by frequencies whose two indices add up to at most this.

At higher ones, where most coefficients round to zero, small misfits add up and favour a table beside the true one.
"""
FAR = 12.0
"""Distance of multiples, in standard deviations, from which their blurs do not overlap: at 6, 1e-8 of the peak."""
FINEST = 2.0
"""Steps below this many standard deviations leave no comb and are not used."""
COARSER = 1.1
"""Least ratio of the sum of a candidate's steps at the frequencies used to that of the last table.

Finer earlier saves cannot be seen.
"""
LOWEST = 5
"""Lowest candidate quality: lower ones leave little but DC, so that every flat image fits them."""


@dataclass(frozen=True)
class OtherGridEvidence:
    """Evidence of the best of the other grids for each candidate first table, natural logarithms.

    ``grid``: column and row of its first lines. ``candidates``, int64 (candidates,): indices in
    :func:`jpegqf.history.first_tables.first_tables`. ``found``, float32 (candidates, frequencies), is the log
    likelihood ratio on that grid minus the median of the grids. ``expected``, the same shape, is its mean if the
    candidate were true. ``of_steps``, float32 (frequencies, 256): that of each step on that grid; ``frequencies``,
    int64 (frequencies,): row-major. ``elsewhere``, float32 (62, frequencies): that of the best candidate on each of the
    other grids. ``rivals``, float32 (62,): the most that any IJG table has there. ``windows``: number of windows used.
    """

    grid: tuple[int, int]
    candidates: I64
    found: F32
    expected: F32
    of_steps: F32
    frequencies: I64
    elsewhere: F32
    rivals: F32
    windows: int
    step: float
    """Mean step of the last table over the frequencies used."""
    sums: int
    """Sum of all 64 steps of the last table."""

    @cached_property
    def of_tables(self) -> TableEvidence:
        """What speaks for each first table, summed over the frequencies."""
        total = self.found.sum(axis=1, dtype=np.float64)
        return TableEvidence(self.candidates, total, self.of_steps.astype(np.float64), self.frequencies)

    @property
    def of_tables_at_low_frequencies(self) -> TableEvidence:
        """The same, summed over the frequencies by which a table is named."""
        row, column = np.divmod(self.frequencies, 8)
        low = row + column <= NAMING_INDEX_SUM
        total = self.found[:, low].sum(axis=1, dtype=np.float64)
        return TableEvidence(self.candidates, total, self.of_steps[low].astype(np.float64), self.frequencies[low])

    @property
    def best(self) -> int:
        """Place of the candidate with the most evidence."""
        return int(self.of_tables.total.argmax())


def _smoothed(mass: F64, width: int) -> F64:
    """The histogram of |x| under a triangle ``width`` bins wide, mirrored at zero (whose bin is half as wide)."""
    half = width // 2
    both = np.concatenate([mass[half:0:-1], mass, np.full(half, mass[-1])])
    both[half] *= 2
    out: F64 = np.convolve(both, triangle(width), "valid")
    out[0] /= 2
    return out


def _comb(mass: F64, steps: F64) -> F32:
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
    rest = (value - nearest * step) / np.float32(BINS_PER_SIGMA)
    place = nearest.astype(np.intp) + (np.arange(len(steps)) * (most + 1))[:, None] + 1
    out: F32 = mirrored[place] * np.exp(-0.5 * rest * rest)
    near = int(np.searchsorted(steps, FAR * BINS_PER_SIGMA))  # the blurs of longer steps do not meet
    for beside in (-1, 1):
        apart = rest[:near] - np.float32(beside / BINS_PER_SIGMA) * step[:near]
        out[:near] += mirrored[place[:near] + beside] * np.exp(-0.5 * apart * apart)
    out[:, 0] /= 2
    out /= np.maximum(out.sum(axis=1, keepdims=True), np.float32(1e-9))
    return out


def _ratios(counts: F32, pooled: F32, steps: F64, smooth: int) -> tuple[F32, F32]:
    """Log likelihood ratio of each grid and step (GRIDS - 1, steps) above the grids' median, and its mean (steps,).

    The mean is that on a grid if the step were true. ``counts``, float32 (GRIDS - 1, bins), and ``pooled``, (bins,),
    their sum; ``steps`` in bins, ascending.
    """
    mass = pooled.astype(np.float64) + 1e-3
    mass /= mass.sum()
    plain = _smoothed(mass, smooth).astype(np.float32)
    comb = _comb(mass, steps)
    comb *= np.float32(1 - UNTOUCHED_SHARE)
    comb += np.float32(UNTOUCHED_SHARE) * plain
    ratio = np.log(comb / plain)
    ratio[np.arange(len(mass)) < steps[:, None] / 2] *= ZERO_WEIGHT
    found = counts @ ratio.T
    return found - median(found), pooled.sum() / np.float32(GRIDS - 1) * np.einsum("sb,sb->s", comb, ratio)


def other_grid_evidence(
    counts: OtherGridCounts | None, candidates: I64 | None = None, transposed: bool = False
) -> OtherGridEvidence | None:
    """Evidence for every candidate first table on the best of the other grids; None without counts or candidates.

    ``candidates`` and ``transposed``: as in :func:`jpegqf.history.same_grid.same_grid_evidence`; those that would leave
    no trace on another grid are left out.
    """
    if counts is None:
        return None
    if candidates is None:
        candidates = coarser_tables(counts.table)
    earlier = transposed_frequencies(counts.used) if transposed else counts.used
    tables = tables_at(candidates, earlier)
    kept = tables.sum(axis=1) >= COARSER * counts.table[counts.used].sum()
    kept &= first_tables().quality[candidates] >= LOWEST
    candidates, tables = candidates[kept], tables[kept]
    if not len(only_ijg(candidates)):
        return None
    steps, asked = asked_steps(candidates, earlier)
    return _of_best_grid(*_of_all_steps(counts, steps, asked), candidates, tables, counts)


def _of_all_steps(counts: OtherGridCounts, steps: I64, asked: I64) -> tuple[F32, F32]:
    """Evidence of each grid for each step, float32 (frequencies, GRIDS - 1, 256), and expected, (frequencies, 256).

    0 for steps that were not asked. ``steps``: one frequency after the other, ascending, ``asked[f]`` of each.
    """
    widths = np.where(counts.used == 0, SMOOTH_BINS_OF_DC, SMOOTH_BINS)
    compiled = kernels()
    if compiled is not None:
        return compiled.grid_evidence(
            counts.histograms, counts.sigma, widths, asked, steps, USED_SHARE, FINEST, BINS_PER_SIGMA,
            FAR * BINS_PER_SIGMA, UNTOUCHED_SHARE, ZERO_WEIGHT,
        )  # fmt: skip
    of_each = np.split(steps, np.cumsum(asked)[:-1])
    ratios = [
        _of_steps(histogram, of_one, sigma, width)
        for histogram, of_one, sigma, width in zip(
            counts.histograms, of_each, counts.sigma.tolist(), widths.tolist(), strict=True
        )
    ]
    found, expected = (np.stack(parts) for parts in zip(*ratios, strict=True))
    return found, expected


def _of_steps(counts: F32, steps: I64, spread: float, smooth: int) -> tuple[F32, F32]:
    """Evidence of each grid for each step 0..255, float32 (GRIDS - 1, 256), 0 where it is not asked, and expected."""
    found, expected = np.zeros((GRIDS - 1, MAX_STEP + 1), np.float32), np.zeros(MAX_STEP + 1, np.float32)
    pooled = counts[1:].sum(axis=0)
    below = (pooled + counts[0]).cumsum()
    filled = int(np.searchsorted(below, USED_SHARE * below[-1])) + smooth
    steps = steps[steps >= FINEST * spread]
    within = _distinguishable(steps, filled * spread / BINS_PER_SIGMA)
    if len(steps):
        ratios, of_steps = _ratios(
            counts[1:, :filled], pooled[:filled], steps[:within] / spread * BINS_PER_SIGMA, smooth
        )
        found[:, steps[:within]], expected[steps[:within]] = ratios, of_steps
        found[:, steps[within:]], expected[steps[within:]] = ratios[:, -1:], of_steps[-1]
    return found, expected


def _distinguishable(steps: I64, largest: float) -> int:
    """How many of the steps, ascending, leave different traces in coefficients up to the ``largest``, in levels.

    Steps beyond twice the largest round all of them to zero; the first of these stands for them.
    """
    return min(len(steps), int(np.searchsorted(steps, 2 * largest)) + 1)


def _of_best_grid(
    found: F32, expected: F32, candidates: I64, tables: I64, counts: OtherGridCounts
) -> OtherGridEvidence:
    """The evidence of the grid that an IJG table or any other speaks most for.

    ``found``, float32 (frequencies, GRIDS - 1, 256), and ``expected`` (frequencies, 256): of each step. ``tables``,
    int64 (candidates, frequencies): the candidates' steps.
    """
    most = _summed(found, tables[first_tables().is_ijg[candidates]]).max(axis=1)
    free = found.max(axis=2).sum(axis=0)
    best, total = 0, -np.inf
    for grid in {int(most.argmax()), int(free.argmax())}:
        evidence = float(_summed(found[:, grid : grid + 1], tables).max())
        if evidence > total:
            best, total = grid, evidence
    each = np.arange(len(counts.used))
    of_grid = found[:, best].T[tables, each]
    of_candidate = found[each, :, tables[of_grid.sum(axis=1).argmax()]]
    y, x = divmod(best + 1, 8)
    return OtherGridEvidence(
        (x, y), candidates, of_grid, expected.T[tables, each], found[:, best], counts.used,
        np.delete(of_candidate, best, axis=1).T, np.delete(most, best), counts.windows,
        float(counts.table[counts.used].mean()), int(counts.table.sum()),
    )  # fmt: skip


def _summed(found: F32, steps: I64) -> F32:
    """Evidence of each grid for tables, summed over frequencies, float32 (grids, tables); ``steps`` (tables, ...)."""
    total = np.zeros((found.shape[1], len(steps)), np.float32)
    for of_steps, step in zip(found, steps.T, strict=True):
        total += of_steps[:, step]
    return total


OTHER_GRID_STATISTICS = 21
"""Number of statistics that the classifier takes."""


def other_grid_statistics(evidence: OtherGridEvidence) -> F64:
    """What the classifier takes, float64 (OTHER_GRID_STATISTICS,).

    The best grid's evidence, what was expected, and the evidence of the other grids.
    """
    total, steps = evidence.of_tables.total, first_tables().sums[evidence.candidates[evidence.best]]
    best, expected = float(total[evidence.best]), float(evidence.expected[evidence.best].sum())
    by_frequency = evidence.found[evidence.best]
    rival, usual = evidence.rivals.max(), float(median(evidence.rivals))
    same = evidence.elsewhere.sum(axis=1)
    x, y = (min(offset, 8 - offset) for offset in evidence.grid)
    return np.array([
        signed_log(best), signed_log(expected), best / (expected + 5), signed_log(best - rival),
        (best - rival) / (expected + 5), signed_log((best - rival) / (rival - usual + 1)),
        signed_log(best - same.max()), (best - same.max()) / (expected + 5), signed_log(best / (same.std() + 1)),
        signed_log(lead(evidence.of_tables)), signed_log(np.sort(by_frequency)[:-2].sum()),
        float((by_frequency >= evidence.elsewhere.max(axis=0)).mean()), float((by_frequency < -1).mean()),
        signed_log(np.clip(by_frequency, -4, 4).sum()), signed_log(float(by_frequency[0])),
        (8 - x) * (8 - y) / 64, math.log(steps / evidence.sums),
        math.log(evidence.step), math.log(evidence.windows), *of_ijg(evidence.of_tables, evidence.expected.sum(axis=1)),
    ])  # fmt: skip


def other_grid_history(evidence: OtherGridEvidence | None, classifier: Classifier) -> History:
    """The history from the evidence on the best other grid, the first table aside; all None without evidence."""
    if evidence is None:
        return History(None)
    probability = classifier.probability(other_grid_statistics(evidence))
    return conclude(evidence.of_tables, evidence.expected.sum(axis=1), probability, evidence.grid)


def conclude_other_grid(evidence: OtherGridEvidence | None, classifier: Classifier, even: bool = False) -> History:
    """The same with the first table. ``even``: as in :func:`jpegqf.history.first_tables.likely_first_table`."""
    history = other_grid_history(evidence, classifier)
    if evidence is None:
        return history
    return named(history, evidence.of_tables_at_low_frequencies, classifier.trust, even)
