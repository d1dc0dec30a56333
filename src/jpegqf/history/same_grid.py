"""Luma of a JPEG and its last table -> was it saved before, on the same grid at a lower quality, and at which.

A block saved at step q1 and again at q2 holds multiples of q1, blurred by the pixels' rounding in between,
rounded to multiples of q2: some multiples of q2 turn up too often, others too seldom. For each candidate
first quality and each low frequency, the counts of |k2| are compared under two models that share one
smooth prior, a mixture of Laplacians fitted to the image (Lam & Goodman, IEEE TIP 2000): quantized by q2
alone, or by q1, blurred, and by q2 (Fridrich & Lukas, "Estimation of primary quantization matrix in double
compressed JPEG images", DFRWS 2003, compares such histograms). The log likelihood ratios add up over
frequencies. A prior that misfits looks like structure too, so a small network, fitted on single and double
saves by ``python -m jpegqf.train.history``, weighs the best candidate's evidence against what is expected.

Blind by nature where the steps asked are nearly those of the last save, where hardly a coefficient differs
from zero (smooth or mostly flat images), and where the first save was finer than the last. A first table
that is no IJG table is named after the IJG quality that fits it best. Where no save on the last grid is
named, ``jpegqf.history.other_grid`` looks on the others.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8, median
from jpegqf.evidence.blocks import cut_blocks, first_of_each
from jpegqf.evidence.dct import FORWARD
from jpegqf.history.classifier import History, conclude, lead, signed_log
from jpegqf.jpeg.ijg import ijg_luma_all
from jpegqf.pixels.luma import Luma

STEPS: I64 = ijg_luma_all()
MOST_BLOCKS = 8192
"""Blocks looked at: rows of blocks evenly spaced over the image."""
FEWEST_PATTERNS, FEWEST_DISTINCT = 4, 0.04
"""Different |AC| of blocks with AC, at least, and their share: a drawn gradient repeats a few, photographs do not."""
MOST_FREQUENCIES = 32
FEWEST_NONZERO = 8
"""Coefficients other than zero that a frequency needs to be asked."""
REACH = 256
"""Coefficients beyond this magnitude (grey levels) are left out: rare, and outside the tables."""
MOST_BINS = 96
SCALES: F64 = np.geomspace(0.3, 150, 8)
"""Laplacian scales of the prior, grey levels; their weights are fitted per frequency."""
NOISE = ((0.85, 0.45), (0.1, 2.0), (0.05, 10.0))
"""Shares and standard deviations, grey levels, of what happens to a coefficient between two saves. Narrow:
rounding of the first decoder's luma (1/12), of RGB (0.037), of the second encoder's luma (1/12). Wide: clipping
of saturated colours."""
UNTOUCHED = (0.01, 0.05, 0.2, 0.5)
"""Shares of coefficients, one for all frequencies, that may show no trace: clipped between the saves."""
PRIOR_ROUNDS = 40
"""Rounds of expectation maximization."""
FLOOR = 1e-4
"""Mass spread evenly over the multiples: one odd coefficient costs a bounded amount of evidence."""


@dataclass(frozen=True)
class Evidence:
    """What the counts say of each candidate, (candidates, frequencies) each, natural logarithms.

    ``found`` is the log likelihood ratio against a single save; ``expected`` what it would be on average
    if the candidate were true; ``nonzero`` the coefficients other than zero, per frequency.
    """

    quality: I64
    found: F64
    expected: F64
    misfit: F64
    nonzero: F64
    blocks: int
    step: float
    """Mean step of the last table over the frequencies asked."""


def _normal_cdf() -> F64:
    """Cumulative probability of the pixels' noise at half-integer offsets -(2 REACH + 8)..2 REACH + 8."""
    offset = np.arange(-(4 * REACH + 16), 4 * REACH + 17) / 2

    def normal(sigma: float) -> F64:
        return np.array([0.5 * (1 + math.erf(x / (sigma * math.sqrt(2)))) for x in offset])

    out: F64 = np.stack([share * normal(sigma) for share, sigma in NOISE]).sum(axis=0)
    return out


@lru_cache(maxsize=1)
def _cumulative() -> F32:
    """P(|coefficient| < e / 2) before the last quantization, float32 (256, scales, 2 REACH + 1).

    Row q1: after an earlier save at that step, blurred; row 0: never saved before.
    """
    noise = _normal_cdf()
    zero = len(noise) // 2
    edge = np.arange(2 * REACH + 1)
    value = np.arange(REACH + 5)[:, None]
    inside = noise[zero + edge - 2 * value] - noise[zero - edge - 2 * value]
    out = np.empty((256, len(SCALES), len(edge)), np.float32)
    out[0] = 1 - np.exp(-edge / 2 / SCALES[:, None])
    for step in range(1, 256):
        multiple = value[::step]
        mass = np.exp(-np.maximum(multiple - step / 2, 0) / SCALES) - np.exp(-(multiple + step / 2) / SCALES)
        out[step] = mass.T @ inside[::step]
    return out


def _bins(last: int) -> int:
    """How many multiples of the last step are counted."""
    return min(MOST_BINS, (2 * REACH // last + 1) // 2)


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


def _priors(counts: list[F32], lasts: list[int]) -> F32:
    """Weights of the scales fitted to each frequency's counts (bins,) as of a single save, (frequencies, scales)."""
    most = max(len(of_one) for of_one in counts)
    mass = np.zeros((len(counts), len(SCALES), most), np.float32)
    padded = np.zeros((len(counts), most), np.float32)
    for i, (of_one, last) in enumerate(zip(counts, lasts, strict=True)):
        padded[i, : len(of_one)] = of_one
        mass[i, :, : len(of_one)] = _probabilities(last)[0]
    weights = np.full((len(counts), len(SCALES)), 1 / len(SCALES), np.float32)
    for _ in range(PRIOR_ROUNDS):
        weights = _reweighted(padded, mass, weights, _mixture(weights, mass))
    return weights


def _ratios(counts: F32, first: I64, last: int, prior: F32) -> tuple[F64, F64, float]:
    """Found and expected log likelihood ratio of each first step and untouched share; misfit of the prior.

    ``counts`` are those of |k2| = 0, 1, ...; returns (steps, shares) twice.
    """
    total, bins = counts.sum(), len(counts)
    tables = _probabilities(last)
    single = _floored(prior @ tables[0], bins)
    mass = tables[first]
    # One round of fitting the scales, so that they keep the smooth prior's shape.
    weights = _reweighted(counts[None], mass, prior[None], prior @ mass)
    double = _floored(_mixture(weights, mass), bins)
    share = np.array(UNTOUCHED, np.float32)[:, None]
    mixed = single + (1 - share) * (double - single)[:, None]
    ratio = np.log(mixed / single)
    filled = counts > 0
    misfit = counts[filled] @ np.log(counts[filled] / total / single[filled])
    expected = total * np.einsum("qsb,qsb->qs", mixed, ratio)
    return (ratio @ counts).astype(np.float64), expected.astype(np.float64), float(misfit)


def _floored(mixture: F32, bins: int) -> F32:
    """With FLOOR of the mass spread evenly."""
    return (1 - np.float32(FLOOR)) * mixture + np.float32(FLOOR / bins)


def _strips(luma: Luma) -> list[Luma]:
    """Rows of whole blocks, evenly spaced, of MOST_BLOCKS blocks at most."""
    height, width = luma.plane.shape
    rows, columns = height // 8, width // 8
    if not rows or not columns:
        return []
    count = min(rows, max(1, MOST_BLOCKS // columns))
    if count == rows:
        return [luma]
    return [luma.crop(8 * (i * rows // count), 0, 8, width) for i in range(count)]


def _repetitive(multiple: U8) -> bool:
    """Whether blocks, |k2| (blocks, 64), repeat a few patterns whatever their DC: no independent evidence."""
    patterns = multiple.copy()
    patterns[:, 0] = 0
    active = patterns[patterns.any(axis=1)]
    return len(first_of_each(active)) < max(FEWEST_PATTERNS, FEWEST_DISTINCT * len(active))


def _counted(luma: Luma, table: I64) -> tuple[F32, int]:
    """Counts of |k2| below MOST_BINS, float32 (64, MOST_BINS), over distinct unclipped blocks; their number."""
    strips = _strips(luma)
    if not strips:
        return np.zeros((64, MOST_BINS), np.float32), 0
    blocks = cut_blocks(strips)
    sound = ~(blocks.low | blocks.high).any(axis=1)
    coefficients = (blocks.pixels[sound].astype(np.float32) - 128) @ (FORWARD / table.astype(np.float32))
    np.abs(coefficients, out=coefficients)
    np.rint(coefficients, out=coefficients)
    multiple = np.minimum(coefficients, MOST_BINS, out=coefficients).astype(np.uint8)
    if _repetitive(multiple):
        return np.zeros((64, MOST_BINS), np.float32), 0
    width = MOST_BINS + 1
    counts = np.bincount((multiple + np.arange(64) * width).ravel(), minlength=64 * width)
    return counts.reshape(64, width)[:, :MOST_BINS].astype(np.float32), int(sound.sum())


def gather(luma: Luma, last_table: I64, finer: bool = False) -> Evidence | None:
    """Evidence of every IJG quality whose table is coarser (``finer``: finer) than the last; None if there is none.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency. Raises
    ValueError if it has another shape or a step below 1.
    """
    if last_table.shape != (8, 8) or last_table.min() < 1:
        raise ValueError("a quantization table has 8x8 steps of at least 1")
    table = last_table.astype(np.int64).reshape(64)
    sums = STEPS.sum(axis=1)
    quality = np.flatnonzero(sums < table.sum() if finer else sums > table.sum()) + 1
    counts, blocks = _counted(luma, table)
    nonzero = np.array([counts[f, 1 : _bins(int(table[f]))].sum() if f else 0 for f in range(64)])
    asked = [int(f) for f in np.argsort(-nonzero, kind="stable")[:MOST_FREQUENCIES] if nonzero[f] >= FEWEST_NONZERO]
    if not asked or not len(quality):
        return None
    lasts = [int(table[f]) for f in asked]
    cut = [counts[f, : _bins(last)] for f, last in zip(asked, lasts, strict=True)]
    found, expected, misfit = [], [], []
    for f, last, of_one, prior in zip(asked, lasts, cut, _priors(cut, lasts), strict=True):
        steps, place = np.unique(STEPS[quality - 1, f], return_inverse=True)
        parts = _ratios(of_one, steps, last, prior)
        found.append(parts[0][place])
        expected.append(parts[1][place])
        misfit.append(parts[2])
    ratios = np.stack(found, axis=1)
    best = ratios.sum(axis=1).argmax(axis=1)
    each = np.arange(len(quality))
    return Evidence(
        quality, ratios[each, :, best], np.stack(expected, axis=1)[each, :, best],
        np.array(misfit), nonzero[asked], blocks, float(table[asked].mean()),
    )  # fmt: skip


STATISTICS = 15


def statistics(evidence: Evidence) -> F64:
    """What the decision weighs, float64 (STATISTICS,): the best candidate's evidence, and what it competes with."""
    total = evidence.found.sum(axis=1)
    best = int(total.argmax())
    by_frequency = evidence.found[best]
    sorted_votes = np.sort(by_frequency)[::-1]
    expected = float(evidence.expected[best].sum())
    sums = STEPS[evidence.quality[best] - 1].sum()
    finest = STEPS[evidence.quality[-1] - 1].sum()
    nonzero = float(evidence.nonzero.sum())
    return np.array([
        signed_log(total[best]), signed_log(expected), total[best] / (expected + 5),
        signed_log(lead(evidence.quality, total)), signed_log(total[best] - median(total)),
        signed_log(sorted_votes[2:].sum()), float((by_frequency > 1).mean()), float((by_frequency < -1).mean()),
        signed_log(np.clip(by_frequency, -4, 4).sum()), signed_log(median(evidence.expected.sum(axis=1))),
        math.log(sums / finest), math.log(nonzero), signed_log(float(evidence.misfit.sum())),
        math.log(evidence.step), math.log1p(evidence.blocks),
    ])  # fmt: skip


def judge(evidence: Evidence, probability: float) -> History:
    """What the evidence and the decision's probability come to."""
    found, expected = evidence.found.sum(axis=1), evidence.expected.sum(axis=1)
    return conclude(evidence.quality, found, expected, probability, (0, 0))
