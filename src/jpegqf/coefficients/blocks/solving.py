"""Bounds of samples and a quantization table -> quantized coefficients whose decoded samples lie within the bounds.

A block whose samples are all known is its DCT divided by the steps, rounded. Rounding fails where a step is as small as
the samples' own rounding errors; samples that clipping or the image's edge hide are found by projections onto convex
sets (Youla and Webb, 1982). What then does not come back is searched: steps up and down in single coefficients that
bring the samples nearer to their bounds, several ways followed at once (beam search).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I16, I32, I64, Bool
from jpegqf.coefficients.blocks.beam import EFFORTS, STATES_AT_ONCE, Effort, Target, cost_of, search
from jpegqf.coefficients.blocks.clipped import try_clipped
from jpegqf.coefficients.blocks.levels import (
    HIGHEST,
    LOWEST,
    MIDDLE,
    is_within,
    known_of,
    quantized,
    synthesis,
)
from jpegqf.coefficients.blocks.parts import STATES_ESTIMATED, try_parts
from jpegqf.coefficients.estimation import likeliest, likeliest_of_reduced, padding_prior, prior_of
from jpegqf.evidence.dct import INVERSE


@dataclass(frozen=True)
class Solution:
    """``coefficients``: quantized, int16 (blocks, 64); ``solved``: bool (blocks,), whose samples lie in the bounds."""

    coefficients: I16
    solved: Bool


ROUNDS = 8
"""Most projections."""
MOST_LEFT = 100
"""Blocks that are searched further though a search solved less than half of those that were left."""


@dataclass(frozen=True)
class Estimate:
    """How many of the likeliest sets of coefficients are tried, and by which factor the variance of the block's
    coefficients is assumed to be that of others; ``reduced``: in a reduced basis, which takes long.
    """

    kept: int
    livelier: float
    reduced: bool = True


REDUCED = Estimate(256, 1)
"""The first estimate in a reduced basis."""
ESTIMATES = (Estimate(64, 1, reduced=False), REDUCED, Estimate(512, 0.2), Estimate(512, 4), Estimate(512, 30))
"""Estimates that are tried one after the other on blocks that are left."""


def solve(
    low: I16,
    high: I16,
    steps: I32,
    start: F32,
    efforts: Sequence[Effort] = EFFORTS,
    like: I16 | None = None,
    estimates: Sequence[Estimate] = ESTIMATES,
) -> Solution:
    """Coefficients for blocks whose unclamped samples lie from ``low`` to ``high``, int16 (blocks, 64).

    ``steps``: int32 (64,). ``start``: what is assumed of unknown samples at first, float32 (blocks, 64). Without
    ``efforts`` nothing is searched; ``estimates`` are tried first. ``like``: coefficients of other blocks of the same
    plane, if there are any. Where a search solves hardly any blocks, no further one is tried.
    """
    coefficients = quantized(np.clip(start, low.astype(np.float32), high.astype(np.float32)), steps)
    solved = is_within(coefficients, low, high, steps)
    _project(coefficients, solved, (low, high), steps)
    if efforts:
        like = coefficients if like is None or not len(like) else like
        try_parts(coefficients, solved, (low, high), steps, like)
        _estimate(coefficients, solved, (low, high), steps, like, estimates)
    for effort in efforts:
        left, at_once = np.flatnonzero(~solved), max(1, STATES_AT_ONCE // effort.width)
        for first in range(0, len(left), at_once):
            part = left[first : first + at_once]
            coefficients[part], solved[part] = _searched(coefficients[part], low[part], high[part], steps, effort)
        if np.count_nonzero(~solved) > max(MOST_LEFT, len(left) // 2):
            break
    return Solution(coefficients, solved)


def _project(coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32) -> None:
    """Bring the samples of blocks with unknown ones back into their bounds, and these to multiples of the steps."""
    low, high = bounds
    for _ in range(ROUNDS):
        left = np.flatnonzero(~solved)
        left = left[(low[left] != high[left]).any(axis=1)]
        if not len(left):
            break
        lowest, highest = low[left].astype(np.float32), high[left].astype(np.float32)
        again = quantized(np.clip(synthesis(coefficients[left], steps), lowest, highest), steps)
        coefficients[left] = again
        solved[left] = is_within(again, low[left], high[left], steps)


def _estimate(
    coefficients: I16,
    solved: Bool,
    bounds: tuple[I16, I16],
    steps: I32,
    like: I16,
    estimates: Sequence[Estimate],
) -> None:
    """Solve blocks with unknown samples by their likeliest coefficients."""
    low, high = bounds
    for estimate in estimates:
        variance = prior_of(like, estimate.livelier)
        if estimate == REDUCED:
            try_clipped(coefficients, solved, bounds, steps, variance)
        left = np.flatnonzero(~solved & (low != high).any(axis=1))
        if estimate.reduced and len(left) > MOST_ESTIMATED:
            break
        for prior, part in _priors(low, high, left, steps, variance):
            _try_likeliest(coefficients, solved, bounds, steps, prior, estimate, part)


MOST_ESTIMATED = 64
"""Blocks above which an estimate that takes long is not made."""


def _try_likeliest(
    coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, prior: F64, estimate: Estimate, left: I64
) -> None:
    """Solve the blocks that are ``left`` by their likeliest coefficients, which they keep if not solved."""
    low, high = bounds
    at_once = max(1, STATES_ESTIMATED // estimate.kept)
    ranking = likeliest_of_reduced if estimate.reduced else likeliest
    for first in range(0, len(left), at_once):
        part = left[first : first + at_once]
        ranked = ranking(known_of(low[part], high[part], steps), prior, estimate.kept)
        for number, sets in zip(part.tolist(), ranked, strict=True):
            at = low[number], high[number]
            right = is_within(sets, *at, steps)
            coefficients[number], solved[number] = sets[right.argmax()], right.any()
            if not right.any() and estimate.kept >= COMBINED:
                coefficients[number], solved[number] = _combined(sets, *at, steps)


def _priors(low: I16, high: I16, left: I64, steps: I32, variance: F32) -> Iterator[tuple[F64, I64]]:
    """What is expected of the blocks that are ``left``, and for which of them: encoders pad those at the image's edges.

    A block reaches beyond the image where nothing is known of whole rows or columns at its end.
    """
    inside = ((low[left] > LOWEST) | (high[left] < HIGHEST)).reshape(-1, 8, 8)
    rows, columns = inside.any(axis=2).sum(axis=1), inside.any(axis=1).sum(axis=1)
    padded = (
        inside[:, 0, 0] & (inside.sum(axis=(1, 2)) == rows * columns) & (rows * columns > 0) & (rows * columns < 64)
    )
    natural = np.diag(1 / variance.astype(np.float64))
    yield natural, left[~padded]
    for size in np.unique(np.stack([rows, columns])[:, padded], axis=1).T.tolist():
        prior = padding_prior(steps, *size) + natural / LIVELIER_PADDED
        yield prior, left[padded & (rows == size[0]) & (columns == size[1])]


LIVELIER_PADDED = 100
"""Variance of the coefficients of blocks that reach beyond the image, against others: what is repeated has edges."""


def _combined(sets: I16, low: I16, high: I16, steps: I32) -> tuple[I16, bool]:
    """Coefficients of one block, int16 (64,), from sets of them that nearly solve it; and whether they solve it.

    Differences of such sets change little at known samples. They are added to the best sets, in turns.
    """
    basis = steps.astype(np.float32)[:, None] * INVERSE
    lowest, highest = low - MIDDLE - MARGIN, high - MIDDLE + MARGIN
    moves = sets[1:] - sets[0]
    added, best = moves @ basis, sets
    for _ in range(COMBINATIONS):
        values = best @ basis
        order = np.argsort(cost_of(values, lowest, highest))[:BEST]
        best, values = best[order], values[order]
        costs = cost_of(values[:, None] + added, lowest, highest)
        order = np.argsort(costs, axis=None)[: 4 * BEST]
        found = best[order // len(moves)] + moves[order % len(moves)]
        right = is_within(found, low, high, steps)
        if right.any():
            return found[right.argmax()], True
        best = np.unique(np.concatenate([best, found]), axis=0)
    return sets[0], False


COMBINED, COMBINATIONS, BEST, MARGIN = 256, 5, 16, np.float32(0.44)
"""Sets from which on their differences are tried, in how many turns, on how many of the best, and by how much a sample
may miss its level."""


def _searched(coefficients: I16, low: I16, high: I16, steps: I32, effort: Effort) -> tuple[I16, Bool]:
    """Coefficients that a search leads to where it finds any, else the given ones; and where it does."""
    basis = steps.astype(np.float32)[:, None] * INVERSE  # what one step of each coefficient adds to samples
    lowest, highest = low.astype(np.float32) - np.float32(effort.margin), high + np.float32(effort.margin)
    samples = synthesis(coefficients, steps)
    return search(
        coefficients,
        Target(samples, lowest, highest, basis),
        lambda blocks, found: is_within(found, low[blocks], high[blocks], steps),
        effort,
    )
