"""Luma of a JPEG and its last table -> how often each multiple of the last steps occurs, and a prior of a single save.

The counts of |k2| per AC frequency are all that :mod:`jpegqf.history.same_grid.evidence` needs of the pixels:
every hypothesis (coarser first tables, finer ones, transposed ones) is compared on the same counts. The prior of each
frequency is a mixture of Laplacians (Lam & Goodman, "A mathematical analysis of the DCT coefficient distributions for
images", IEEE TIP 2000).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8
from jpegqf.evidence.blocks import MULTIPLIERS, first_of_each, sound_squares
from jpegqf.evidence.dct import BASIS, FORWARD
from jpegqf.kernels.compiled import kernels
from jpegqf.pixels.luma import Luma

FEWEST_PATTERNS, FEWEST_DISTINCT = 4, 0.04
"""Least number of distinct |AC| patterns, and their least share of the blocks that have AC.

Drawn gradients repeat a few patterns, photographs do not.
"""
FEWEST_FREQUENCIES = 2
"""Fewest AC frequencies for any evidence: one of a drawn gradient fits some table by chance."""
FEWEST_NONZERO = 8
"""Fewest nonzero coefficients for a frequency to be used."""
LARGEST_COEFFICIENT = 256
"""Magnitude, in grey levels, above which coefficients are left out: they are rare."""
MOST_MULTIPLES = 96
"""Most values of |k2|, from 0 on, that are counted."""
SCALES: F64 = np.geomspace(0.3, 150, 8)
"""Laplacian scales of the prior, grey levels; their weights are fitted per frequency."""
NOISE = ((0.85, 0.45), (0.1, 2.0), (0.05, 10.0))
"""Share and standard deviation, in grey levels, of each component of a coefficient's error between two saves.

The narrow component is rounding: variances 1/12 of the first decoder's luma, 0.037 of RGB, 1/12 of the second
encoder's luma. The wide ones are clipping of saturated colours.
"""
LARGEST_DC = 1024
"""Largest magnitude of a DC coefficient, grey levels: 8 times that of a pixel minus 128."""


@dataclass(frozen=True)
class SameGridEffort:
    """How much of an image is counted.

    ``blocks``: most blocks used, from rows of blocks evenly spaced over the image. ``frequencies``: most AC frequencies
    used, those of most nonzero coefficients. ``rounds``: of expectation maximization that fit the prior.
    """

    blocks: int
    frequencies: int
    rounds: int


FULL = SameGridEffort(8192, 32, 40)
GLANCE = SameGridEffort(1024, 6, 15)
"""A fifth of the time of FULL, to tell most single saves."""


@dataclass(frozen=True)
class SameGridCounts:
    """What is counted of an image, on the grid of its last save.

    ``table``, int64 (64,), row-major: the last table. ``used``, int64 (frequencies,): the AC frequencies used. For each
    of them ``counts``, float32 (bins,): how often |k2| is 0, 1, ... up to the largest that there is, and ``priors``,
    float32 (frequencies, scales): weights of SCALES. ``nonzero``, float64 (frequencies,): number of nonzero
    coefficients. ``dc``, float32 (2 n + 1,): how often the DC multiple is -n ... n. ``blocks``: blocks counted.
    """

    table: I64
    used: I64
    counts: list[F32]
    priors: F32
    nonzero: F64
    dc: F32
    blocks: int

    @property
    def step(self) -> float:
        """Mean step of the last table over the AC frequencies used."""
        return float(self.table[self.used].mean())


def _normal_cdf() -> F64:
    """Cumulative probability of the error between two saves, float64.

    At half-integer offsets from -(2 LARGEST_COEFFICIENT + 8) to 2 LARGEST_COEFFICIENT + 8 grey levels.
    """
    offset = np.arange(-(4 * LARGEST_COEFFICIENT + 16), 4 * LARGEST_COEFFICIENT + 17) / 2

    def normal(sigma: float) -> F64:
        return np.array([0.5 * (1 + math.erf(x / (sigma * math.sqrt(2)))) for x in offset])

    out: F64 = np.stack([share * normal(sigma) for share, sigma in NOISE]).sum(axis=0)
    return out


@lru_cache(maxsize=1)
def _cumulative() -> F32:
    """P(|coefficient| < e / 2) before the last quantization, float32 (256, scales, 2 LARGEST_COEFFICIENT + 1).

    Row q1: after an earlier save at that step, blurred; row 0: never saved before.
    """
    noise = _normal_cdf()
    zero = len(noise) // 2
    edge = np.arange(2 * LARGEST_COEFFICIENT + 1)
    value = np.arange(LARGEST_COEFFICIENT + 5)[:, None]
    inside = noise[zero + edge - 2 * value] - noise[zero - edge - 2 * value]
    out = np.empty((256, len(SCALES), len(edge)), np.float32)
    out[0] = 1 - np.exp(-edge / 2 / SCALES[:, None])
    for step in range(1, 256):
        multiple = value[::step]
        mass = np.exp(-np.maximum(multiple - step / 2, 0) / SCALES) - np.exp(-(multiple + step / 2) / SCALES)
        out[step] = mass.T @ inside[::step]
    return out


def bins_of(last: I64 | int) -> I64:
    """How many values of |k2|, from 0 on, are counted where the last step is ``last``."""
    return np.asarray(np.minimum(MOST_MULTIPLES, (2 * LARGEST_COEFFICIENT // last + 1) // 2))


@lru_cache(maxsize=256)
def probabilities(last: int) -> F32:
    """P(|k2|) given |k2| < bins, for each first step 0..255 (0: none) and scale; float32 (256, scales, bins).

    All tables together hold 11 MB: the coarser the last step, the fewer its multiples.
    """
    edges = (2 * np.arange(int(bins_of(last))) + 1) * last
    mass = np.diff(_cumulative()[:, :, edges], axis=2, prepend=0)
    out: F32 = np.ascontiguousarray(mass / np.maximum(mass.sum(axis=2, keepdims=True), 1e-9), np.float32)
    return out


def mixture_of(weights: F32, mass: F32) -> F32:
    """Mixtures (n, bins) of ``mass`` (n, scales, bins) by ``weights`` (n, scales)."""
    out: F32 = np.matmul(weights[:, None], mass)[:, 0]
    return out


def reweighted(counts: F32, mass: F32, weights: F32, mixture: F32) -> F32:
    """The weights (n, scales) after a round of expectation maximization; ``counts`` (n or 1, bins)."""
    out: F32 = weights * np.matmul(mass, (counts / (mixture + 1e-9))[:, :, None])[:, :, 0]
    out /= counts.sum(axis=1, keepdims=True)
    return out


def _priors(counts: list[F32], lasts: list[int], rounds: int) -> F32:
    """Weights of the scales fitted to each frequency's counts (bins,) as of a single save, (frequencies, scales)."""
    compiled = kernels()
    if compiled is not None:
        return compiled.fit_priors(counts, [probabilities(last) for last in lasts], rounds)
    most = max(len(of_one) for of_one in counts)
    mass = np.zeros((len(counts), len(SCALES), most), np.float32)
    padded = np.zeros((len(counts), most), np.float32)
    for i, (of_one, last) in enumerate(zip(counts, lasts, strict=True)):
        padded[i, : len(of_one)] = of_one
        mass[i, :, : len(of_one)] = probabilities(last)[0, :, : len(of_one)]
    weights = np.full((len(counts), len(SCALES)), 1 / len(SCALES), np.float32)
    for _ in range(rounds):
        weights = reweighted(padded, mass, weights, mixture_of(weights, mass))
    return weights


def _spread_blocks(luma: Luma, most: int) -> U8:
    """Distinct unclipped blocks, uint8 (n, 64), of rows of blocks evenly spaced over the image.

    So many rows that together they have about ``most`` blocks, at most.
    """
    rows, columns = (side // 8 for side in luma.plane.shape)
    count = min(rows, max(1, most // max(1, columns)))
    row, column = np.divmod(np.arange(count * columns), max(1, columns))
    return sound_squares(luma, 8 * (row * rows // max(1, count)), 8 * column, 8, 0).reshape(-1, 64)


def multiples_of(blocks: U8, table: I64) -> F32:
    """DCT coefficients of blocks, uint8 (n, 64), over a table's steps (64,), not rounded: float32 (n, 64)."""
    compiled = kernels()
    if compiled is not None:
        return compiled.block_multiples(blocks, BASIS.astype(np.float32), table)
    return np.asarray((blocks.astype(np.float32) - 128) @ (FORWARD / table.astype(np.float32)), np.float32)


def _counted(multiples: F32, table: I64) -> tuple[F32, bool]:
    """How often each |k2| occurs, float32 (64, MOST_MULTIPLES), and whether the AC of blocks repeats a few patterns.

    These are no independent evidence. ``multiples`` (blocks, 64) are not rounded. Only multiples up to
    LARGEST_COEFFICIENT are counted.
    """
    width, compiled = MOST_MULTIPLES + 1, kernels()
    if compiled is not None:
        counts, active, different = compiled.count_multiples(multiples, MOST_MULTIPLES, MULTIPLIERS)
    else:
        magnitudes = (np.minimum(np.abs(multiples), MOST_MULTIPLES) + np.float32(0.5)).astype(np.uint8)
        flat = np.bincount((magnitudes + np.arange(64) * width).ravel(), minlength=64 * width)
        counts = flat.reshape(64, width).astype(np.float32)
        magnitudes[:, 0] = 0
        patterns = magnitudes[magnitudes.any(axis=1)]
        active, different = len(patterns), len(first_of_each(patterns))
    kept = np.arange(MOST_MULTIPLES) < bins_of(table)[:, None]
    repetitive = different < max(FEWEST_PATTERNS, FEWEST_DISTINCT * active)
    return np.where(kept, counts[:, :MOST_MULTIPLES], np.float32(0)), repetitive


def count_same_grid(luma: Luma, last_table: I64, effort: SameGridEffort = FULL) -> SameGridCounts | None:
    """Count an image; None where too little of it differs from zero.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency. Raises
    ValueError if it has another shape or a step below 1.
    """
    if last_table.shape != (8, 8) or last_table.min() < 1:
        raise ValueError("a quantization table has 8x8 steps of at least 1")
    table = last_table.astype(np.int64).reshape(64)
    multiples = multiples_of(_spread_blocks(luma, effort.blocks), table)
    counts, repetitive = _counted(multiples, table)
    if repetitive:
        return None
    nonzero = counts[:, 1:].sum(axis=1)
    nonzero[0] = 0
    used = np.argsort(-nonzero, kind="stable")[: effort.frequencies]
    used = used[nonzero[used] >= FEWEST_NONZERO]
    if len(used) < FEWEST_FREQUENCIES:
        return None
    cut = [counts[f, : np.flatnonzero(counts[f])[-1] + 1] for f in used]
    priors = _priors(cut, table[used].tolist(), effort.rounds)
    most = int(LARGEST_DC / table[0]) + 1
    dc = np.bincount((np.rint(multiples[:, 0]) + most).astype(np.intp), minlength=2 * most + 1).astype(np.float32)
    return SameGridCounts(table, used, cut, priors, nonzero[used].astype(np.float64), dc, len(multiples))
