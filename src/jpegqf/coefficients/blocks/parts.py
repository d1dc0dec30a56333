"""Coefficients of blocks of which whole rows or columns are not given, as at the sides of a crop.

Many sets of coefficients give the samples that there are: any of them will do.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F64, I16, I32, I64, Bool
from jpegqf.coefficients.blocks.beam import cost_of
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST, MIDDLE, is_within, synthesis
from jpegqf.coefficients.estimation import likeliest_of_part, prior_of, spread_prior
from jpegqf.coefficients.idct import fit_16_bits
from jpegqf.evidence.dct import INVERSE


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
STATES_ESTIMATED = 2048
"""Sets of coefficients of all blocks that are held at a time."""
MOST_PARTS = 16
"""Most kinds of blocks given in part, by which samples are known."""
BEYOND = 1
"""Levels by which samples are to be inside of their bounds: rounding may move them back."""


def try_parts(coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, like: I16) -> None:
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
            best = right.argmax() if right.any() else cost_of(synthesis(sets, steps), lowest, highest).argmin()
            coefficients[number], solved[number] = sets[best], right.any()
