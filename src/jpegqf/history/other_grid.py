"""Luma of a JPEG and its last table -> was it saved before on another grid (cropped in between), and at which quality.

An image saved at step q1 holds, on that save's grid, multiples of q1. Cropped and saved again on another grid,
it still does, blurred: the last save's rounding errors, one per coefficient and independent, are spread by the
change of grid over four blocks each, into a Gaussian whose variance per frequency follows from the last table and the
last coefficients. (Bianchi & Piva, "Detection of nonaligned double JPEG compression based on integer periodicity
maps", IEEE TIFS 2012, look for the same period in the DC coefficients.)

All 63 other grids are tried. Only one of them was an earlier grid; the others tell how the same image's coefficients
are distributed where nothing was rounded, so no model of images is needed. For each candidate quality and low
frequency the pooled histogram, gathered in cells one step wide and blurred, is the density to expect on the earlier
grid; its log likelihood ratio against the pooled histogram itself adds up over coefficients and frequencies. A small
network, fitted on single and double saves by ``python -m jpegqf.train.history``, weighs the best grid's evidence
against what is expected and against the other grids'.

Blind where the last save was the coarser or nearly as coarse, and where hardly a coefficient differs from zero.
"""

import math
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8, median
from jpegqf.evidence.blocks import first_of_each
from jpegqf.evidence.dct import BASIS, FORWARD
from jpegqf.history.classifier import History, conclude, decision, lead, signed_log
from jpegqf.jpeg.ijg import ijg_luma_all
from jpegqf.pixels.luma import Luma

STEPS: I64 = ijg_luma_all()
GRIDS = 64
"""Grid x + 8 y has its first lines at column x and row y; grid 0 is the last save's."""
CELL = 15
"""Side of the pixels that hold one block of every grid."""
MOST_CELLS, FEWEST_CELLS = 1024, 16
SMALLEST_RANGE = 6
"""Grey levels that a cell must span: flat ones decode to whole grey levels, a comb of their own in DC."""
REACH = 4
"""Frequencies whose indices add up to this at most are asked."""
FREQUENCIES = tuple((v, u) for v in range(8) for u in range(8) if u + v <= REACH)
"""Vertical and horizontal index."""
BINS_PER_SIGMA = 2
MOST_BINS = {True: 1024, False: 256}
"""Bins of |coefficient|, for DC and for the others; larger coefficients are left out."""
SMOOTH_BINS = {True: 17, False: 5}
"""Width of the triangle that smooths the pooled histogram: its own noise would look like evidence."""
BLUR = 0.85
"""Of the computed standard deviation of the last save's errors: smooth places, where most blocks are, have less."""
PIXEL_VARIANCE = 0.25
"""Of rounding to whole pixels and colours: the first decoder's luma and RGB, the second encoder's luma and decoder."""
UNTOUCHED = 0.1
"""Share of coefficients that may show no trace; bounds what an odd one costs."""
ZERO_WEIGHT = 0.5
"""Of the evidence of coefficients that count as zero: how many there are varies between grids for other reasons too."""
FAR = 12.0
"""Standard deviations between multiples from which their blurs do not meet: 6 away is 1e-8 of the peak."""
FINEST = 2.0
"""Steps shorter than this many standard deviations leave no comb."""
COARSER = 1.1
"""Sum of a candidate's steps over that of the last table, at least: finer saves cannot be told."""
LOWEST = 5
"""Qualities below leave little but DC, and every flat image fits them."""


@dataclass(frozen=True)
class ShiftedEvidence:
    """What each grid says of each candidate, natural logarithms.

    ``found``, (63, candidates, frequencies), is the log likelihood ratio of grids 1 to 63 less the grids'
    median; ``expected``, (candidates, frequencies), what it would be on average on the true grid.
    """

    quality: I64
    found: F32
    expected: F32
    cells: int
    step: float
    """Mean step of the last table over the frequencies asked."""
    sums: int
    """Sum of all its steps."""

    @property
    def best(self) -> tuple[int, int]:
        """Grid less one and candidate of the most evidence."""
        grid, candidate = np.unravel_index(self.found.sum(axis=2).argmax(), self.found.shape[:2])
        return int(grid), int(candidate)

    @property
    def grid(self) -> tuple[int, int]:
        """Column and row of the best grid's first lines."""
        y, x = divmod(self.best[0] + 1, 8)
        return x, y


def _placed() -> F32:
    """The DCT of the eight samples from each of eight offsets on, float32 (CELL, offset, frequency)."""
    out = np.zeros((CELL, 8, 8), np.float32)
    for offset in range(8):
        out[offset : offset + 8, offset] = BASIS.T
    return out


def _spread() -> F64:
    """Share of the error variance of one grid's frequency that another grid's gets, (frequency, from frequency).

    Along one axis, errors of the two blocks covered independent; mean over the seven other offsets.
    """
    total = np.zeros((8, 8))
    for offset in range(1, 8):
        here = BASIS[:, : 8 - offset] @ BASIS[:, offset:].T
        beside = BASIS[:, 8 - offset :] @ BASIS[:, :offset].T
        total += here**2 + beside**2
    return total / 7


PLACED, SPREAD = _placed(), _spread()


def _windows(plane: U8, picked: I64) -> U8:
    """Cells that start at the ``picked`` blocks of the last grid, in raster order: uint8 (picked, CELL, CELL)."""
    view = np.lib.stride_tricks.sliding_window_view(plane, (CELL, CELL))[::8, ::8]
    out: U8 = view[np.divmod(picked, view.shape[1])]
    return out


def _cells(luma: Luma) -> U8:
    """Distinct cells, neither clipped nor flat, evenly spaced, MOST_CELLS at most; uint8 (n, CELL, CELL)."""
    rows, columns = ((side - CELL) // 8 + 1 for side in luma.plane.shape)
    if rows < 1 or columns < 1:
        return np.zeros((0, CELL, CELL), np.uint8)
    count = min(rows * columns, 2 * MOST_CELLS)
    picked = np.arange(count) * (rows * columns) // count
    cells = _windows(luma.plane, picked)
    low, high = cells.min(axis=(1, 2)), cells.max(axis=(1, 2))
    sound = (low > 0) & (high < 255) & (high - low >= SMALLEST_RANGE)
    if luma.marks is not None:
        sound &= ~_windows(luma.marks, picked).any(axis=(1, 2))
    cells = cells[sound]
    distinct = first_of_each(cells[:, :8, :8].reshape(-1, 64))
    kept = min(len(distinct), MOST_CELLS)
    out: U8 = cells[distinct[np.arange(kept) * len(distinct) // max(kept, 1)]]
    return out


def _error_variance(cells: U8, table: F64) -> F64:
    """Variance of the last save's rounding errors, per frequency of its grid, float64 (8, 8).

    A coefficient that was not rounded to zero has a uniform error; the others are their own error, a Laplacian's
    inside half a step, of the scale that the share of zeros tells.
    """
    blocks = cells[:, :8, :8].reshape(-1, 64).astype(np.float32) - 128
    multiples = np.rint(blocks @ FORWARD / table.reshape(64).astype(np.float32))
    bound = 0.5 / len(cells)
    zeros = np.clip((multiples == 0).mean(axis=0), bound, 1 - bound).reshape(8, 8)
    ratio = -np.log1p(-zeros)  # half a step over the Laplacian's scale
    inside = (2 - (ratio**2 + 2 * ratio + 2) * np.exp(-ratio)) / (ratio**2 * zeros) * table**2 / 4
    out: F64 = zeros * np.minimum(inside, table**2 / 12) + (1 - zeros) * table**2 / 12
    return out


def _histograms(cells: U8, widths: F64) -> list[F32]:
    """Counts of |coefficient| in bins ``widths`` (frequencies,) wide, on each grid: float32 (GRIDS, bins) each."""
    count = len(cells)
    pixels = cells.reshape(-1, CELL).astype(np.float32) - 128
    grid = np.arange(8, dtype=np.float32)[:, None] + 8 * np.arange(8, dtype=np.float32)
    out: dict[tuple[int, int], F32] = {}
    for u in range(REACH + 1):
        columns = (pixels @ PLACED[:, :, u]).reshape(count, CELL, 8).swapaxes(1, 2).reshape(-1, CELL)
        for v in range(REACH + 1 - u):
            bins = MOST_BINS[u + v == 0]
            width = np.float32(widths[FREQUENCIES.index((v, u))])
            place = np.abs(columns @ (PLACED[:, :, v] / width)).reshape(count, 8, 8)
            np.minimum(place, bins, out=place)
            place += grid * (bins + 1) + np.float32(0.5)
            counts = np.bincount(place.astype(np.intp).ravel(), minlength=GRIDS * (bins + 1))
            out[v, u] = counts.reshape(GRIDS, bins + 1)[:, :bins].astype(np.float32)
    return [out[frequency] for frequency in FREQUENCIES]


def _smoothed(mass: F64, width: int) -> F64:
    """The histogram of |x| under a triangle ``width`` bins wide, mirrored at zero (whose bin is half as wide)."""
    half = width // 2
    kernel = np.bartlett(width + 2)[1:-1]
    both = np.concatenate([mass[half:0:-1], mass, np.full(half, mass[-1])])
    both[half] *= 2
    out: F64 = np.convolve(both, kernel / kernel.sum(), "valid")
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


def _ratios(counts: F32, steps: F64, smooth: int) -> tuple[F32, F32]:
    """Log likelihood ratio of each grid and step (GRIDS - 1, steps), and its expectation (steps,).

    ``steps`` in bins, ascending.
    """
    counts = counts[1:]
    pooled = counts.sum(axis=0).astype(np.float64) + 1e-3
    mass = pooled / pooled.sum()
    plain = _smoothed(mass, smooth).astype(np.float32)
    comb = _comb(mass, steps)
    comb *= np.float32(1 - UNTOUCHED)
    comb += np.float32(UNTOUCHED) * plain
    ratio = np.log(comb / plain)
    ratio[np.arange(len(mass)) < steps[:, None] / 2] *= ZERO_WEIGHT
    expected = counts.sum() / (GRIDS - 1) * np.einsum("sb,sb->s", comb, ratio)
    return counts @ ratio.T, expected.astype(np.float32)


def gather(luma: Luma, last_table: I64) -> ShiftedEvidence | None:
    """Evidence of every IJG quality on every other grid; None if the image has too little to show.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency.
    """
    coarser = STEPS.sum(axis=1) >= COARSER * last_table.sum()
    quality = np.flatnonzero(coarser[LOWEST - 1 :]) + LOWEST
    cells = _cells(luma)
    if len(cells) < FEWEST_CELLS or not len(quality):
        return None
    variance = SPREAD @ _error_variance(cells, last_table.astype(np.float64)) @ SPREAD.T
    asked = [8 * v + u for v, u in FREQUENCIES]
    sigma = np.sqrt(BLUR**2 * variance.reshape(64)[asked] + PIXEL_VARIANCE)
    found, expected = [], []
    for f, counts, spread in zip(asked, _histograms(cells, sigma / BINS_PER_SIGMA), sigma, strict=True):
        steps, place = np.unique(STEPS[quality - 1, f], return_inverse=True)
        told = steps >= FINEST * spread
        ratios = np.zeros((GRIDS - 1, len(steps)), np.float32)
        expectation = np.zeros(len(steps), np.float32)
        if told.any():
            parts = _ratios(counts, steps[told] / spread * BINS_PER_SIGMA, SMOOTH_BINS[f == 0])
            ratios[:, told], expectation[told] = parts[0] - median(parts[0]), parts[1]
        found.append(ratios[:, place])
        expected.append(expectation[place])
    step = float(last_table.reshape(64)[asked].mean())
    return ShiftedEvidence(
        quality, np.stack(found, axis=2), np.stack(expected, axis=1), len(cells), step, int(last_table.sum())
    )


STATISTICS = 19


def statistics(evidence: ShiftedEvidence) -> F64:
    """What the decision weighs, float64 (STATISTICS,): the best grid's evidence, and what it competes with."""
    grid, candidate = evidence.best
    total = evidence.found.sum(axis=2)
    others = np.delete(total, grid, axis=0)
    best, expected = float(total[grid, candidate]), float(evidence.expected[candidate].sum())
    by_frequency = evidence.found[grid, candidate]
    rival, usual = others.max(), float(median(others.max(axis=1)))
    same = others[:, candidate]
    x, y = (min(offset, 8 - offset) for offset in evidence.grid)
    return np.array([
        signed_log(best), signed_log(expected), best / (expected + 5), signed_log(best - rival),
        (best - rival) / (expected + 5), signed_log((best - rival) / (rival - usual + 1)),
        signed_log(best - same.max()), (best - same.max()) / (expected + 5), signed_log(best / (same.std() + 1)),
        signed_log(lead(evidence.quality, total[grid])), signed_log(np.sort(by_frequency)[:-2].sum()),
        float((by_frequency >= evidence.found[:, candidate].max(axis=0)).mean()), float((by_frequency < -1).mean()),
        signed_log(np.clip(by_frequency, -4, 4).sum()), signed_log(float(by_frequency[0])),
        (8 - x) * (8 - y) / 64, math.log(STEPS[evidence.quality[candidate] - 1].sum() / evidence.sums),
        math.log(evidence.step), math.log(evidence.cells),
    ])  # fmt: skip


def judge(evidence: ShiftedEvidence, probability: float) -> History:
    """What the evidence and the decision's probability come to."""
    found, expected = evidence.found[evidence.best[0]].sum(axis=1), evidence.expected.sum(axis=1)
    return conclude(evidence.quality, found, expected, probability, evidence.grid)


def earlier_save(luma: Luma, last_table: I64) -> History:
    """Whether a JPEG was saved before at a lower quality on another 8x8 grid, on which, and at which quality.

    Arguments as for :func:`gather`. All fields are None where there is too little to go by.
    """
    evidence = gather(luma, last_table)
    if evidence is None:
        return History(None, None)
    return judge(evidence, decision("shifted").probability(statistics(evidence)))
