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
from zero (smooth or mostly flat images), and where the first save was on another grid or finer than the
last. A first table that is no IJG table is named after the IJG quality that fits it best.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from jpegqf.blocks import FORWARD, cut_blocks
from jpegqf.decode import Luma
from jpegqf.tables import ijg_luma_all

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

STEPS: I64 = ijg_luma_all()
MOST_BLOCKS = 8192
"""Blocks looked at: rows of blocks evenly spaced over the image."""
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
PRIOR_ROUNDS, CANDIDATE_ROUNDS = 40, 1
"""Rounds of expectation maximization; one for the candidates, so that they keep the smooth prior's shape."""
FLOOR = 1e-4
"""Mass spread evenly over the multiples: one odd coefficient costs a bounded amount of evidence."""
NEARBY = 2
"""Qualities this close to each other are not told apart when a margin is taken."""
SEEN_AT = 0.5
"""From this probability on the image counts as saved before."""
FEWEST_EXPECTED = 3.0
"""Evidence (natural logarithms) that half of the candidates would have to leave for "no trace" to mean something."""
CLEAR_MARGIN = 2.0
"""Lead over candidates further than NEARBY that a first quality needs to be named."""


@dataclass(frozen=True)
class History:
    """An earlier save; None: cannot be told.

    ``first_quality`` is its IJG quality, 1..99; ``recompressed_probability`` the probability, 0..1, that
    there was one at a lower quality on the same grid (at odds of one to two before looking).
    """

    first_quality: int | None
    recompressed_probability: float | None


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
    value = np.arange(REACH + 5)
    inside = noise[zero + edge[:, None] - 2 * value] - noise[zero - edge[:, None] - 2 * value]
    out = np.empty((256, len(SCALES), len(edge)), np.float32)
    out[0] = 1 - np.exp(-edge / 2 / SCALES[:, None])
    for step in range(1, 256):
        multiple = value[::step, None]
        mass = np.exp(-np.maximum(multiple - step / 2, 0) / SCALES) - np.exp(-(multiple + step / 2) / SCALES)
        out[step] = (inside[:, ::step] @ mass).T
    return out


def _probabilities(first: I64, last: int, bins: int) -> F32:
    """P(|k2|) for each first step (0: none) and scale, given |k2| < bins; float32 (steps, scales, bins)."""
    edges = (2 * np.arange(bins) + 1) * last
    mass = np.diff(_cumulative()[first][:, :, edges], axis=2, prepend=0)
    out: F32 = mass / np.maximum(mass.sum(axis=2, keepdims=True), 1e-9)
    return out


def _fitted(counts: F32, mass: F32, weights: F32, rounds: int) -> tuple[F32, F32]:
    """Mixture weights (steps, scales) after expectation maximization, and the mixtures (steps, bins)."""
    for _ in range(rounds):
        mixture = np.matmul(weights[:, None], mass)[:, 0] + 1e-9
        weights = weights * np.matmul(mass, (counts / mixture)[:, :, None])[:, :, 0] / counts.sum()
    mixture = np.matmul(weights[:, None], mass)[:, 0]
    return weights, (1 - FLOOR) * mixture + FLOOR / len(counts)


def _ratios(counts: F32, first: I64, last: int) -> tuple[F64, F64, float]:
    """Found and expected log likelihood ratio of each first step and untouched share; misfit of the prior.

    ``counts`` are those of |k2| = 0, 1, ...; returns (steps, shares) twice.
    """
    total, bins = counts.sum(), len(counts)
    even = np.full((1, len(SCALES)), 1 / len(SCALES), np.float32)
    weights, single = _fitted(counts, _probabilities(np.array([0]), last, bins), even, PRIOR_ROUNDS)
    start = np.repeat(weights, len(first), axis=0)
    _, double = _fitted(counts, _probabilities(first, last, bins), start, CANDIDATE_ROUNDS)
    share = np.array(UNTOUCHED, np.float32)[:, None]
    mixed = single + (1 - share) * (double - single)[:, None]
    ratio = np.log(mixed / single)
    filled = counts > 0
    misfit = counts[filled] @ np.log(counts[filled] / total / single[0, filled])
    expected = total * (mixed * ratio).sum(axis=2)
    return (ratio @ counts).astype(np.float64), expected.astype(np.float64), float(misfit)


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


def _counted(luma: Luma, table: I64) -> tuple[F32, int]:
    """Counts of |k2| below MOST_BINS, float32 (64, MOST_BINS), over distinct unclipped blocks; their number."""
    strips = _strips(luma)
    if not strips:
        return np.zeros((64, MOST_BINS), np.float32), 0
    blocks = cut_blocks(strips)
    sound = ~(blocks.low | blocks.high).any(axis=1)
    coefficients = (blocks.pixels[sound].astype(np.float32) - 128) @ (FORWARD / table.astype(np.float32))
    multiple = np.minimum(np.rint(np.abs(coefficients)).astype(np.int64), MOST_BINS)
    width = MOST_BINS + 1
    counts = np.bincount((multiple + np.arange(64) * width).ravel(), minlength=64 * width)
    return counts.reshape(64, width)[:, :MOST_BINS].astype(np.float32), int(sound.sum())


def gather(luma: Luma, last_table: I64) -> Evidence | None:
    """Evidence of every IJG quality whose table is coarser than the last; None if nothing can be asked.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency. Raises
    ValueError if it has another shape or a step below 1.
    """
    if last_table.shape != (8, 8) or last_table.min() < 1:
        raise ValueError("a quantization table has 8x8 steps of at least 1")
    table = last_table.astype(np.int64).reshape(64)
    quality = np.flatnonzero(STEPS.sum(axis=1) > table.sum()) + 1
    counts, blocks = _counted(luma, table)
    bins = np.minimum(MOST_BINS, (2 * REACH // table + 1) // 2)
    nonzero = np.array([counts[f, 1 : bins[f]].sum() if f else 0 for f in range(64)])
    asked = [int(f) for f in np.argsort(-nonzero, kind="stable")[:MOST_FREQUENCIES] if nonzero[f] >= FEWEST_NONZERO]
    if not asked or not len(quality):
        return None
    found, expected, misfit = [], [], []
    for f in asked:
        steps, place = np.unique(STEPS[quality - 1, f], return_inverse=True)
        parts = _ratios(counts[f, : bins[f]], steps, int(table[f]))
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


def _log(x: float) -> float:
    """Signed logarithm: keeps order and sign of sums that span five decades."""
    return math.copysign(math.log1p(abs(x)), x)


def statistics(evidence: Evidence) -> F64:
    """What the decision weighs, float64 (STATISTICS,): the best candidate's evidence, and what it competes with."""
    total = evidence.found.sum(axis=1)
    best = int(total.argmax())
    by_frequency = evidence.found[best]
    sorted_votes = np.sort(by_frequency)[::-1]
    far = total[np.abs(evidence.quality - evidence.quality[best]) > NEARBY]
    expected = float(evidence.expected[best].sum())
    sums = STEPS[evidence.quality[best] - 1].sum()
    finest = STEPS[evidence.quality[-1] - 1].sum()
    nonzero = float(evidence.nonzero.sum())
    return np.array([
        _log(total[best]), _log(expected), total[best] / (expected + 5),
        _log(total[best] - (far.max() if len(far) else 0)), _log(total[best] - np.median(total)),
        _log(sorted_votes[2:].sum()), float((by_frequency > 1).mean()), float((by_frequency < -1).mean()),
        _log(np.clip(by_frequency, -4, 4).sum()), _log(np.median(evidence.expected.sum(axis=1))),
        math.log(sums / finest), math.log(nonzero), _log(float(evidence.misfit.sum())),
        math.log(evidence.step), math.log1p(evidence.blocks),
    ])  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """A network with one hidden layer over standardized statistics; fitted numbers, kept in ``history.json``."""

    mean: F64
    scale: F64
    hidden: F64
    hidden_bias: F64
    output: F64
    output_bias: float

    def probability(self, values: F64) -> float:
        """Probability that the image was saved before, 0..1, of statistics (STATISTICS,)."""
        inner = np.tanh(np.clip((values - self.mean) / self.scale, -5, 5) @ self.hidden + self.hidden_bias)
        return float(1 / (1 + np.exp(-(inner @ self.output + self.output_bias))))


@lru_cache(maxsize=1)
def decision() -> Decision:
    """The decision that ships with the package."""
    raw = json.loads(resources.files("jpegqf").joinpath("history.json").read_text(encoding="utf-8"))
    names = ("mean", "scale", "hidden", "hidden_bias", "output")
    mean, scale, hidden, hidden_bias, output = (np.array(raw[name], np.float64) for name in names)
    return Decision(mean, scale, hidden, hidden_bias, output, float(raw["output_bias"]))


def judge(evidence: Evidence, probability: float) -> History:
    """Say what can be said, and no more."""
    total = evidence.found.sum(axis=1)
    best = int(total.argmax())
    if probability < SEEN_AT:
        powerless = np.median(evidence.expected.sum(axis=1)) < FEWEST_EXPECTED
        return History(None, None if powerless else probability)
    far = total[np.abs(evidence.quality - evidence.quality[best]) > NEARBY]
    clear = not len(far) or total[best] - far.max() >= CLEAR_MARGIN
    return History(int(evidence.quality[best]) if clear else None, probability)


def earlier_save(luma: Luma, last_table: NDArray[np.int64]) -> History:
    """Whether a JPEG was saved before on the same 8x8 grid at a lower quality, and at which IJG quality.

    ``luma`` is the decoded image, its first pixel on the grid; ``last_table`` the luma table of its file,
    int (8, 8), row = vertical frequency. Both fields are None where there is too little to go by; the
    probability alone is given where several first qualities fit alike. Raises ValueError for a table that
    is none.
    """
    evidence = gather(luma, last_table)
    if evidence is None:
        return History(None, None)
    return judge(evidence, decision().probability(statistics(evidence)))
