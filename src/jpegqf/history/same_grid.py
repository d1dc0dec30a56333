"""Luma of a JPEG and its last table -> evidence of an earlier save on the same grid, for each table of an encoder.

A block saved at step q1 and again at q2 holds multiples of q1, blurred by the pixels' rounding in between,
rounded to multiples of q2: some multiples of q2 turn up too often, others too seldom. For each candidate
first table and each low frequency, the counts of |k2| are compared under two models that share one
smooth prior, a mixture of Laplacians fitted to the image (Lam & Goodman, IEEE TIP 2000): quantized by q2
alone, or by q1, blurred, and by q2 (Fridrich & Lukas, "Estimation of primary quantization matrix in double
compressed JPEG images", DFRWS 2003, compares such histograms). The log likelihood ratios add up over
frequencies. A prior that misfits looks like structure too, so a small network, fitted on single and double
saves by ``python -m jpegqf.train.history``, weighs the best candidate's evidence against what is expected.

An earlier save leaves no usable trace where its steps are nearly those of the last save, where hardly a coefficient
differs from zero (smooth or mostly flat images), and where it was finer than the last. Where no first table is found
on this grid, ``jpegqf.history.other_grid`` tries the 63 others.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8, median
from jpegqf.evidence.blocks import cut_blocks, first_of_each
from jpegqf.evidence.dct import FORWARD
from jpegqf.history.classifier import Classifier, History, conclude, lead, of_ijg, signed_log
from jpegqf.history.first_tables import TableEvidence, coarser_tables, distinct_steps, finer_tables, first_tables
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.pixels.luma import Luma

FEWEST_PATTERNS, FEWEST_DISTINCT = 4, 0.04
"""Least number of distinct |AC| patterns, and their least share of the blocks that have AC.

Drawn gradients repeat a few patterns, photographs do not.
"""
FEWEST_FREQUENCIES = 3
"""Fewest frequencies for any evidence: one or two of a drawn gradient fit some table by chance."""
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
FLOOR = 1e-4
"""Probability spread evenly over the multiples, so that one odd coefficient changes the evidence by little."""


@dataclass(frozen=True)
class SameGridEffort:
    """How much of an image is looked at, and for which first tables.

    ``blocks``: most blocks used, from rows of blocks evenly spaced over the image. ``frequencies``: most frequencies
    used, those of most nonzero coefficients. ``untouched``: shares of coefficients without a trace (clipped between the
    saves) that are tried; one holds for all frequencies. ``rounds``: of expectation maximization that fit the prior.
    ``all_tables``: those of all encoders, else the IJG's.
    """

    blocks: int
    frequencies: int
    untouched: tuple[float, ...]
    rounds: int
    all_tables: bool


FULL = SameGridEffort(8192, 32, (0.01, 0.05, 0.2, 0.5), 40, all_tables=True)
IJG_ALONE = replace(FULL, all_tables=False)
"""Half of the time, to compare with what FULL found."""
GLANCE = SameGridEffort(1024, 8, (0.05,), 15, all_tables=False)
"""A fifth of the time of FULL, to tell most single saves."""


@dataclass(frozen=True)
class SameGridEvidence:
    """Evidence for each candidate first table, natural logarithms.

    ``candidates``, int64 (candidates,): their indices in :func:`jpegqf.history.first_tables.first_tables`. ``found``,
    float64 (candidates, frequencies), is the log likelihood ratio against a single save, and ``expected`` its mean if
    the candidate were true. ``of_steps`` and ``frequencies``: as in :class:`TableEvidence`. ``prior_misfit`` and
    ``nonzero``, float64 (frequencies,), are how badly the prior fits the counts (Kullback-Leibler divergence times the
    count) and the number of nonzero coefficients. ``blocks`` is the number of blocks counted.
    """

    candidates: I64
    found: F64
    expected: F64
    of_steps: F64
    frequencies: I64
    prior_misfit: F64
    nonzero: F64
    blocks: int
    step: float
    """Mean step of the last table over the frequencies used."""

    @property
    def of_tables(self) -> TableEvidence:
        """What speaks for each first table, summed over the frequencies."""
        return TableEvidence(self.candidates, self.found.sum(axis=1), self.of_steps, self.frequencies)


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


def _bins(last: int) -> int:
    """How many values of |k2|, from 0 on, are counted where the last step is ``last``."""
    return min(MOST_MULTIPLES, (2 * LARGEST_COEFFICIENT // last + 1) // 2)


@lru_cache(maxsize=256)
def _probabilities(last: int) -> F32:
    """P(|k2|) given |k2| < bins, for each first step 0..255 (0: none) and scale; float32 (256, scales, bins).

    All tables together hold 11 MB: the coarser the last step, the fewer its multiples.
    """
    edges = (2 * np.arange(_bins(last)) + 1) * last
    mass = np.diff(_cumulative()[:, :, edges], axis=2, prepend=0)
    out: F32 = mass / np.maximum(mass.sum(axis=2, keepdims=True), 1e-9)
    return out


def _mixture(weights: F32, mass: F32) -> F32:
    """Mixtures (n, bins) of ``mass`` (n, scales, bins) by ``weights`` (n, scales)."""
    out: F32 = np.matmul(weights[:, None], mass)[:, 0]
    return out


def _reweighted(counts: F32, mass: F32, weights: F32, mixture: F32) -> F32:
    """The weights (n, scales) after a round of expectation maximization; ``counts`` (n or 1, bins)."""
    out: F32 = weights * np.matmul(mass, (counts / (mixture + 1e-9))[:, :, None])[:, :, 0]
    out /= counts.sum(axis=1, keepdims=True)
    return out


def _priors(counts: list[F32], lasts: list[int], rounds: int) -> F32:
    """Weights of the scales fitted to each frequency's counts (bins,) as of a single save, (frequencies, scales)."""
    most = max(len(of_one) for of_one in counts)
    mass = np.zeros((len(counts), len(SCALES), most), np.float32)
    padded = np.zeros((len(counts), most), np.float32)
    for i, (of_one, last) in enumerate(zip(counts, lasts, strict=True)):
        padded[i, : len(of_one)] = of_one
        mass[i, :, : len(of_one)] = _probabilities(last)[0, :, : len(of_one)]
    weights = np.full((len(counts), len(SCALES)), 1 / len(SCALES), np.float32)
    for _ in range(rounds):
        weights = _reweighted(padded, mass, weights, _mixture(weights, mass))
    return weights


def _ratios(counts: F32, first: I64, last: int, prior: F32, untouched: tuple[float, ...]) -> tuple[F64, F64, float]:
    """Found and expected log likelihood ratio of each untouched share and first step; misfit of the prior.

    ``counts`` are those of |k2| = 0, 1, ... up to the largest that there is; returns (shares, steps) twice.
    """
    total, bins = counts.sum(), _bins(last)
    tables = _probabilities(last)[:, :, : len(counts)]
    single = _floored(prior @ tables[0], bins)
    mass = tables[first]
    # One round of fitting the scales, so that they keep the smooth prior's shape.
    weights = _reweighted(counts[None], mass, prior[None], prior @ mass)
    double = _floored(_mixture(weights, mass), bins)
    share = np.array(untouched, np.float32)[:, None]
    mixed = single + (1 - share) * (double - single)[:, None]
    ratio = np.log(mixed / single)
    filled = counts > 0
    misfit = counts[filled] @ np.log(counts[filled] / total / single[filled])
    expected = total * np.einsum("qsb,qsb->qs", mixed, ratio)
    return (ratio @ counts).T.astype(np.float64), expected.T.astype(np.float64), float(misfit)


def _floored(mixture: F32, bins: int) -> F32:
    """The mixture with a share FLOOR of its mass spread evenly over the bins."""
    return (1 - np.float32(FLOOR)) * mixture + np.float32(FLOOR / bins)


def _strips(luma: Luma, most: int) -> list[Luma]:
    """Rows of whole blocks, evenly spaced over the image, together at most so many blocks."""
    height, width = luma.plane.shape
    rows, columns = height // 8, width // 8
    if not rows or not columns:
        return []
    count = min(rows, max(1, most // columns))
    if count == rows:
        return [luma]
    return [luma.crop(8 * (i * rows // count), 0, 8, width) for i in range(count)]


def _repetitive(multiple: U8) -> bool:
    """Whether the AC of blocks, |k2| uint8 (blocks, 64), repeats a few patterns: these are no independent evidence."""
    patterns = multiple.copy()
    patterns[:, 0] = 0
    active = patterns[patterns.any(axis=1)]
    return len(first_of_each(active)) < max(FEWEST_PATTERNS, FEWEST_DISTINCT * len(active))


def _counted(luma: Luma, table: I64, most: int) -> tuple[F32, int]:
    """Counts of |k2| over distinct unclipped blocks, float32 (64, MOST_MULTIPLES), and the number of these blocks."""
    strips = _strips(luma, most)
    if not strips:
        return np.zeros((64, MOST_MULTIPLES), np.float32), 0
    blocks = cut_blocks(strips)
    sound = ~(blocks.low | blocks.high).any(axis=1)
    coefficients = (blocks.pixels[sound].astype(np.float32) - 128) @ (FORWARD / table.astype(np.float32))
    np.abs(coefficients, out=coefficients)
    np.rint(coefficients, out=coefficients)
    multiple = np.minimum(coefficients, MOST_MULTIPLES, out=coefficients).astype(np.uint8)
    if _repetitive(multiple):
        return np.zeros((64, MOST_MULTIPLES), np.float32), 0
    width = MOST_MULTIPLES + 1
    counts = np.bincount((multiple + np.arange(64) * width).ravel(), minlength=64 * width)
    return counts.reshape(64, width)[:, :MOST_MULTIPLES].astype(np.float32), int(sound.sum())


def same_grid_evidence(
    luma: Luma, last_table: I64, finer: bool = False, effort: SameGridEffort = FULL
) -> SameGridEvidence | None:
    """Evidence for every first table that is coarser (``finer``: finer) than the last; None if there is none.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency. Raises
    ValueError if it has another shape or a step below 1.
    """
    if last_table.shape != (8, 8) or last_table.min() < 1:
        raise ValueError("a quantization table has 8x8 steps of at least 1")
    table = last_table.astype(np.int64).reshape(64)
    candidates = finer_tables(table) if finer else coarser_tables(table)
    if not effort.all_tables:
        candidates = np.intersect1d(candidates, first_tables().ijg, assume_unique=True)
    counts, blocks = _counted(luma, table, effort.blocks)
    counts *= np.arange(MOST_MULTIPLES) < np.array([_bins(int(step)) for step in table])[:, None]
    nonzero = counts[:, 1:].sum(axis=1)
    nonzero[0] = 0
    used = [int(f) for f in np.argsort(-nonzero, kind="stable")[: effort.frequencies] if nonzero[f] >= FEWEST_NONZERO]
    if len(used) < FEWEST_FREQUENCIES or not len(candidates):
        return None
    lasts = [int(table[f]) for f in used]
    cut = [counts[f, : np.flatnonzero(counts[f])[-1] + 1] for f in used]
    found, expected = np.zeros((2, len(effort.untouched), len(used), MAX_STEP + 1))
    misfit = np.zeros(len(used))
    for i, (f, prior) in enumerate(zip(used, _priors(cut, lasts, effort.rounds), strict=True)):
        steps = distinct_steps(candidates, f)
        found[:, i, steps], expected[:, i, steps], misfit[i] = _ratios(cut[i], steps, lasts[i], prior, effort.untouched)
    of_candidates = first_tables().steps[candidates][:, used]
    each = np.arange(len(used))
    total = np.stack([of_share[each, of_candidates].sum(axis=1) for of_share in found])
    share = np.unravel_index(total.argmax(), total.shape)[0]
    return SameGridEvidence(
        candidates, found[share, each, of_candidates], expected[share, each, of_candidates], found[share],
        np.array(used), misfit, nonzero[used], blocks, float(table[used].mean()),
    )  # fmt: skip


SAME_GRID_STATISTICS = 17
"""Number of statistics that the classifier takes."""


def same_grid_statistics(evidence: SameGridEvidence) -> F64:
    """What the classifier takes, float64 (SAME_GRID_STATISTICS,).

    The best candidate's evidence, what was expected, and the evidence of its rivals.
    """
    total = evidence.found.sum(axis=1)
    best = int(total.argmax())
    by_frequency = evidence.found[best]
    sorted_votes = np.sort(by_frequency)[::-1]
    expected = float(evidence.expected[best].sum())
    sums = first_tables().steps[evidence.candidates].sum(axis=1)
    nonzero = float(evidence.nonzero.sum())
    return np.array([
        signed_log(total[best]), signed_log(expected), total[best] / (expected + 5),
        signed_log(lead(evidence.of_tables)), signed_log(total[best] - median(total)),
        signed_log(sorted_votes[2:].sum()), float((by_frequency > 1).mean()), float((by_frequency < -1).mean()),
        signed_log(np.clip(by_frequency, -4, 4).sum()), signed_log(median(evidence.expected.sum(axis=1))),
        math.log(sums[best] / sums.min()), math.log(nonzero), signed_log(float(evidence.prior_misfit.sum())),
        math.log(evidence.step), math.log1p(evidence.blocks),
        *of_ijg(evidence.of_tables, evidence.expected.sum(axis=1)),
    ])  # fmt: skip


def conclude_same_grid(evidence: SameGridEvidence | None, classifier: Classifier, even: bool = False) -> History:
    """The history from the evidence on the same grid; all None without evidence.

    ``even``: as in :func:`jpegqf.history.first_tables.likely_first_table`.
    """
    if evidence is None:
        return History(None)
    probability = classifier.probability(same_grid_statistics(evidence))
    return conclude(evidence.of_tables, evidence.expected.sum(axis=1), probability, (0, 0), classifier.trust, even)
