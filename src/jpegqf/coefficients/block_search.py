"""Bounds of samples and a quantization table -> quantized coefficients whose decoded samples lie within the bounds.

A block whose samples are all known is its DCT divided by the steps, rounded. Rounding fails where a step is as small as
the samples' own rounding errors; samples that clipping or the image's edge hide are found by projections onto convex
sets (Youla and Webb, 1982). What then does not come back is searched: steps up and down in single coefficients that
bring the samples nearer to their bounds, several ways followed at once (beam search).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I16, I32, I64, Bool
from jpegqf.coefficients.estimation import (
    ERROR,
    Encoded,
    Known,
    encoded_prior,
    likeliest,
    likeliest_of_part,
    likeliest_of_reduced,
    padding_prior,
    prior_of,
    spread_prior,
)
from jpegqf.coefficients.idct import fit_16_bits, unclamped_samples
from jpegqf.evidence.dct import FORWARD, INVERSE

LOWEST, HIGHEST = -4096, 4096
"""Bounds of a sample of which nothing is known."""
MIDDLE = np.float32(128)
"""Level that coefficients are about."""


@dataclass(frozen=True)
class Solution:
    """``coefficients``: quantized, int16 (blocks, 64); ``solved``: bool (blocks,), whose samples lie in the bounds."""

    coefficients: I16
    solved: Bool


@dataclass(frozen=True)
class Effort:
    """How far a search goes.

    ``width``: ways followed at once; ``depth``: changes along each; ``tried``: coefficients that are changed in each
    state. ``margin``: by how much a sample may miss its level before it costs anything, in levels: less than one half,
    since the decoder's own rounding errors add to it.
    """

    width: int
    depth: int
    tried: int
    margin: float


EFFORTS = (Effort(16, 8, 16, 0.41), Effort(64, 8, 16, 0.48), Effort(256, 12, 32, 0.48))
"""Searches that are tried one after the other on blocks that are left."""
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
        _try_parts(coefficients, solved, (low, high), steps, like)
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
            _try_clipped(coefficients, solved, bounds, steps, variance)
        left = np.flatnonzero(~solved & (low != high).any(axis=1))
        if estimate.reduced and len(left) > MOST_ESTIMATED:
            break
        for prior, part in _priors(low, high, left, steps, variance):
            _try_likeliest(coefficients, solved, bounds, steps, prior, estimate, part)


def is_within(coefficients: I16, low: I16, high: I16, steps: I32) -> Bool:
    """Which blocks decode to samples within the bounds, bool (blocks,)."""
    samples = unclamped_samples(coefficients, steps)
    return np.asarray(((samples >= low) & (samples <= high)).all(axis=1))


MOST_ESTIMATED = 64
"""Blocks above which an estimate that takes long is not made."""
STATES_ESTIMATED = 2048
"""Sets of coefficients of all blocks that are held at a time."""


def _try_likeliest(
    coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, prior: F64, estimate: Estimate, left: I64
) -> None:
    """Solve the blocks that are ``left`` by their likeliest coefficients, which they keep if not solved."""
    low, high = bounds
    at_once = max(1, STATES_ESTIMATED // estimate.kept)
    ranking = likeliest_of_reduced if estimate.reduced else likeliest
    for first in range(0, len(left), at_once):
        part = left[first : first + at_once]
        ranked = ranking(_known(low[part], high[part], steps), prior, estimate.kept)
        for number, sets in zip(part.tolist(), ranked, strict=True):
            at = low[number], high[number]
            right = is_within(sets, *at, steps)
            coefficients[number], solved[number] = sets[right.argmax()], right.any()
            if not right.any() and estimate.kept >= COMBINED:
                coefficients[number], solved[number] = _combined(sets, *at, steps)


def _try_clipped(coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, variance: F32) -> None:
    """Solve blocks with clipped samples by what those were before: white, black, or at their bound otherwise.

    Some at a time: where hardly any are solved, the others are left.
    """
    one_sided = (bounds[0] > LOWEST) != (bounds[1] < HIGHEST)
    left = np.flatnonzero(~solved & one_sided.any(axis=1))
    natural = np.diag(np.maximum(1 / (variance.astype(np.float64) * LIVELIER_CLIPPED), LEAST_NATURAL))
    for first in range(0, len(left), MOST_ESTIMATED):
        some = left[first : first + MOST_ESTIMATED]
        for number in some.tolist():
            _solve_clipped(coefficients, solved, bounds, steps, natural, number)
        if 2 * np.count_nonzero(solved[some]) < len(some):
            break


def _solve_clipped(
    coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, natural: F64, number: int
) -> None:
    """The same of one block, in several ways: clipped samples next to others may have been others before."""
    low, high = bounds[0][number], bounds[1][number]
    at_bound = (low > LOWEST) != (high < HIGHEST)
    seen: set[bytes] = set()
    for inner, kept in CLIPPED:
        told = _surrounded(at_bound) if inner else at_bound
        if (inner and told.tobytes() in seen) or not told.any():
            continue
        seen.add(told.tobytes())
        known = _known(np.where(told, LOWEST, low)[None], np.where(told, HIGHEST, high)[None], steps)
        prior, pull = encoded_prior(_encoded(low, high, steps, told))
        sets = likeliest_of_reduced(known, prior + natural, kept, pull)[0]
        right = is_within(sets, low, high, steps)
        if right.any():
            coefficients[number], solved[number] = sets[right.argmax()], True
            return


LIVELIER_CLIPPED = 100
"""Variance of the coefficients of blocks with clipped samples, against others: what is white or black has edges."""
LEAST_NATURAL = 1e-6
"""Least inverse variance of a coefficient: less is lost in rounding errors of the quadratic form."""
CLIPPED = ((False, 64), (True, 64), (False, 512))
"""Ways in which blocks with clipped samples are estimated: whether those alone are counted that have only such ones
around them, and how many sets of coefficients are tried."""
DEVIATION = 0.5
"""Of a sample before it was encoded from what it is taken to have been."""


def _encoded(low: I16, high: I16, steps: I32, told: Bool) -> Encoded:
    """What samples of a block were before: those ``told``, bool (64,), at their bounds, and those beyond the image
    repeated.
    """
    bound = np.where(high < HIGHEST, high, low)[told] - MIDDLE
    alike = _padding(low, high)
    weights = np.concatenate([np.eye(64)[told], alike])
    wanted = np.concatenate([bound, np.zeros(len(alike))]).astype(np.float64)
    rise = FORWARD.astype(np.float64) / steps
    return Encoded(rise, weights, wanted, np.full(len(wanted), DEVIATION))


def _padding(low: I16, high: I16) -> F64:
    """Differences that are 0 in a block before it was encoded, float64 (differences, 64): of samples that are beyond
    the image and those that encoders repeat there.
    """
    inside = ((low > LOWEST) | (high < HIGHEST)).reshape(8, 8)
    rows, columns = np.count_nonzero(inside.any(axis=1)), np.count_nonzero(inside.any(axis=0))
    if not inside[0, 0] or np.count_nonzero(inside) != rows * columns:
        return np.empty((0, 64))
    repeated = np.minimum(np.arange(8), rows - 1)[:, None] * 8 + np.minimum(np.arange(8), columns - 1)
    differences = np.eye(64) - np.eye(64)[repeated.reshape(-1)]
    return np.asarray(differences[~inside.reshape(-1)])


def _surrounded(told: Bool) -> Bool:
    """Those of a block's samples, bool (64,), that have only such ones around them in the block."""
    wide = np.pad(told.reshape(8, 8), 1, constant_values=True)
    out = np.ones((8, 8), bool)
    for row in range(3):
        for column in range(3):
            out &= wide[row : row + 8, column : column + 8]
    return out.reshape(-1)


def _known(low: I16, high: I16, steps: I32) -> Known:
    """The samples of blocks as ``estimation`` takes them."""
    lowest, highest = low - MIDDLE, high - MIDDLE
    sure = lowest == highest
    precision, values = np.where(sure, 1 / ERROR, np.float32(0)), np.where(sure, lowest, np.float32(0))
    return Known(steps.astype(np.float32)[:, None] * INVERSE, values, precision, lowest, highest)


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


@dataclass(frozen=True)
class PartTurn:
    """How blocks that are given in part are looked for: ``kept`` sets of coefficients are tried under a prior.

    ``livelier``: the variance of the coefficients against that of other blocks. Or ``spread``: their standard deviation
    before they are quantized, the same at all frequencies: anything that gives the samples will do.
    """

    kept: int
    livelier: float = 0
    spread: float = 0

    def prior(self, like: I16, steps: I32) -> F64:
        """Inverse covariance of quantized coefficients, float64 (64, 64)."""
        if self.spread:
            return spread_prior(steps, self.spread)
        return np.diag(1 / prior_of(like, self.livelier).astype(np.float64))


PART_TURNS = (
    *(PartTurn(kept, livelier) for kept, livelier in ((64, 1), (64, 10), (512, 3), (512, 30))),
    *(PartTurn(kept, spread=spread) for kept, spread in ((64, 100), (256, 300), (256, 600), (512, 900), (512, 1500))),
)
"""What is tried one after the other on blocks that are given in part."""
MOST_PARTS = 16
"""Most kinds of blocks given in part, by which samples are known."""
BEYOND = 1
"""Levels by which samples are to be inside of their bounds: rounding may move them back."""


def _try_parts(coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, like: I16) -> None:
    """Solve blocks of which a part is not given at all, as in a crop; those with the same samples known as one.

    At first by the known samples alone, then with those that have bounds where the best coefficients so far lead them.
    """
    low, high = bounds
    given = ((low > LOWEST) | (high < HIGHEST)).reshape(-1, 8, 8)
    sides = given.any(axis=2).sum(axis=1) * given.any(axis=1).sum(axis=1)
    is_part = (sides < 64) & (given.sum(axis=(1, 2)) == sides)
    priors = [turn.prior(like, steps) for turn in PART_TURNS]
    for told in (low == high, given.reshape(-1, 64)):
        groups: dict[bytes, list[int]] = {}
        for number in np.flatnonzero(~solved & is_part & told.any(axis=1)).tolist():
            groups.setdefault(told[number].tobytes(), []).append(number)
        for numbers in sorted(groups.values(), key=len, reverse=True)[:MOST_PARTS]:
            for turn, prior in zip(PART_TURNS, priors, strict=True):
                blocks = np.array([number for number in numbers if not solved[number]], np.int64)
                if not len(blocks):
                    break
                _solve_part(coefficients, solved, bounds, steps, (turn, prior), blocks, told[numbers[0]])


def _solve_part(
    coefficients: I16,
    solved: Bool,
    bounds: tuple[I16, I16],
    steps: I32,
    turn_and_prior: tuple[PartTurn, F64],
    blocks: I64,
    told: Bool,
) -> None:
    """Solve blocks by the likeliest coefficients for the samples that are ``told``; those not solved keep the best."""
    turn, prior = turn_and_prior
    at_once = max(1, STATES_ESTIMATED // turn.kept)
    basis = np.ascontiguousarray(INVERSE[:, told])
    for first in range(0, len(blocks), at_once):
        some = blocks[first : first + at_once]
        low, high = bounds[0][some], bounds[1][some]
        beyond = np.where(high - low > 2 * BEYOND, np.float32(BEYOND), np.float32(0))
        samples = np.clip(synthesis(coefficients[some], steps), low + beyond, high - beyond)
        values = (samples[:, told] - MIDDLE).astype(np.float32)
        ranked = likeliest_of_part(steps, basis, values, prior, turn.kept, turn.spread)
        for place, (number, sets) in enumerate(zip(some.tolist(), ranked, strict=True)):
            right = is_within(sets, low[place], high[place], steps) & fit_16_bits(sets, steps)
            lowest, highest = (bound[place].astype(np.float32) for bound in (low, high))
            best = right.argmax() if right.any() else _cost(synthesis(sets, steps), lowest, highest).argmin()
            coefficients[number], solved[number] = sets[best], right.any()


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
        order = np.argsort(_cost(values, lowest, highest))[:BEST]
        best, values = best[order], values[order]
        costs = _cost(values[:, None] + added, lowest, highest)
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


def quantized(samples: F32, steps: I32) -> I16:
    """Coefficients of samples, float32 (blocks, 64), rounded to multiples of the steps."""
    out: I16 = np.rint((samples - MIDDLE) @ FORWARD / steps.astype(np.float32)).astype(np.int16)
    return out


def synthesis(coefficients: I16, steps: I32) -> F32:
    """Samples of quantized coefficients before they are rounded, float32 (blocks, 64)."""
    out: F32 = (coefficients * steps.astype(np.float32)) @ INVERSE + MIDDLE
    return out


STATES_AT_ONCE = 4096
"""States of all blocks that are searched at a time."""
EXACT = 0.25
"""Largest sum of squares by which values may miss their bounds, before rounding, for an exact decode to be tried."""
ALIKE = 1e-5
"""States whose costs differ by less, relatively, are one."""


@dataclass(frozen=True)
class Target:
    """Values that depend linearly on whole numbers, and where they should lie.

    ``values``: of the first state, float32 (problems, values), with their bounds ``lowest`` and ``highest``. ``basis``:
    what one step up in each number adds to each value, float32 (numbers, values).
    """

    values: F32
    lowest: F32
    highest: F32
    basis: F32
    near: float = EXACT
    """The cost up to which a state is asked whether it is right."""


def search(numbers: I16, target: Target, is_right: Callable[[I64, I16], Bool], effort: Effort) -> tuple[I16, Bool]:
    """Whole numbers, int16 (problems, numbers), whose values lie in their bounds, from the given ones on; and where.

    Where none are found the given ones are left. ``is_right`` takes numbers of problems and a state of each, and says
    exactly whether that is a solution. The cost of a state is the sum of squares of what values miss their bounds by.
    """
    out, solved = numbers.copy(), np.zeros(len(numbers), bool)
    states, values, squares = numbers[:, None], target.values[:, None], target.basis**2
    active = np.arange(len(numbers))
    for _ in range(effort.depth):
        lowest, highest = target.lowest[active, None], target.highest[active, None]
        states, values = _next(states, values, lowest, highest, target.basis, squares, effort)
        cost = _cost(values, lowest, highest)
        for place in range(states.shape[1]):
            near = np.flatnonzero((cost[:, place] < target.near) & ~solved[active])
            if len(near):
                right = near[is_right(active[near], states[near, place])]
                out[active[right]], solved[active[right]] = states[right, place], True
        left = ~solved[active]
        active, states, values = active[left], states[left], values[left]
        if not len(active):
            break
    return out, solved


def _misses(values: F32, lowest: F32, highest: F32) -> F32:
    """By how much values lie outside of their bounds, with sign."""
    out: F32 = values - np.clip(values, lowest, highest)
    return out


def _cost(values: F32, lowest: F32, highest: F32) -> F32:
    misses = _misses(values, lowest, highest)
    out: F32 = np.einsum("...i,...i->...", misses, misses)
    return out


def _next(
    states: I16, values: F32, lowest: F32, highest: F32, basis: F32, squares: F32, effort: Effort
) -> tuple[I16, F32]:
    """The best states one step of one number away, (problems, width, numbers), with their values."""
    problems, row = len(states), np.arange(len(states))[:, None]
    misses = _misses(values, lowest, highest)
    slope = misses @ basis.T  # half of how the cost changes with each number
    promise = (misses != 0).astype(np.float32) @ squares.T - 2 * np.abs(slope)
    tried = min(effort.tried, basis.shape[0] - 1)
    order = np.argpartition(promise, tried, axis=2)[..., :tried]
    sign = -np.sign(np.take_along_axis(slope, order, axis=2))
    sign[sign == 0] = 1
    moved = values[:, :, None] + sign[..., None] * basis[order]
    cost = _cost(moved, lowest[:, None], highest[:, None]).reshape(problems, -1)
    kept = _best(cost, effort.width)
    chosen = np.take_along_axis(states, (kept // tried)[..., None], axis=1)
    number = np.take_along_axis(order.reshape(problems, -1), kept, axis=1)
    step = np.take_along_axis(sign.reshape(problems, -1), kept, axis=1).astype(np.int16)
    chosen[row, np.arange(kept.shape[1]), number] += step
    return chosen, moved.reshape(problems, -1, moved.shape[-1])[row, kept]


def _best(cost: F32, width: int) -> I64:
    """Places of the lowest different costs in each row, int64 (rows, width)."""
    some = min(cost.shape[1] - 1, 4 * width)
    places = np.argpartition(cost, some, axis=1)[:, : some + 1]
    places = np.take_along_axis(places, np.argsort(np.take_along_axis(cost, places, axis=1), axis=1), axis=1)
    ordered = np.take_along_axis(cost, places, axis=1)
    repeated = np.zeros(ordered.shape, bool)
    repeated[:, 1:] = np.diff(ordered, axis=1) <= ALIKE * ordered[:, 1:]
    order = np.argsort(repeated, axis=1, kind="stable")
    out: I64 = np.take_along_axis(places, order, axis=1)[:, :width]
    return out
