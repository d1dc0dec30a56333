"""Whole numbers whose sums lie in given bounds, from nearly right ones on: steps up and down in single numbers.

Several ways are followed at once (beam search).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, I16, I64, Bool


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
        cost = cost_of(values, lowest, highest)
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


def cost_of(values: F32, lowest: F32, highest: F32) -> F32:
    """Sum of squares of what values, (..., values), miss their bounds by, float32 (...)."""
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
    cost = cost_of(moved, lowest[:, None], highest[:, None]).reshape(problems, -1)
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
