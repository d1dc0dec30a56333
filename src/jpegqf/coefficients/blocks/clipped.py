"""Coefficients of blocks with samples that are clipped, from what the encoder had there: white, black or a bound."""

import numpy as np

from jpegqf.arrays import F32, F64, I16, I32, Bool
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST, MIDDLE, is_within, known_of
from jpegqf.coefficients.estimation import Encoded, encoded_prior, likeliest_of_reduced
from jpegqf.evidence.dct import FORWARD


def try_clipped(coefficients: I16, solved: Bool, bounds: tuple[I16, I16], steps: I32, variance: F32) -> None:
    """Solve blocks with clipped samples by what those were before: white, black, or at their bound otherwise.

    Some at a time: where hardly any are solved, the others are left.
    """
    one_sided = (bounds[0] > LOWEST) != (bounds[1] < HIGHEST)
    left = np.flatnonzero(~solved & one_sided.any(axis=1))
    natural = np.diag(np.maximum(1 / (variance.astype(np.float64) * LIVELIER_CLIPPED), LEAST_NATURAL))
    for first in range(0, len(left), AT_ONCE):
        some = left[first : first + AT_ONCE]
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
        known = known_of(np.where(told, LOWEST, low)[None], np.where(told, HIGHEST, high)[None], steps)
        prior, pull = encoded_prior(_encoded(low, high, steps, told))
        sets = likeliest_of_reduced(known, prior + natural, kept, pull)[0]
        right = is_within(sets, low, high, steps)
        if right.any():
            coefficients[number], solved[number] = sets[right.argmax()], True
            return


AT_ONCE = 64
"""Blocks that are tried before it is asked whether that solves any."""
LIVELIER_CLIPPED = 100
"""Variance of the coefficients of blocks with clipped samples, against others: what is white or black has edges."""
LEAST_NATURAL = 1e-6
"""Least inverse variance of a coefficient: less is lost in rounding errors of the quadratic form."""
CLIPPED = ((False, 64), (True, 64), (False, 512))
"""Ways in which blocks with clipped samples are estimated: whether those alone are counted that have only such ones
around them, and how many sets of coefficients are tried."""
DEVIATION_CLIPPED = 0.5
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
    return Encoded(rise, weights, wanted, np.full(len(wanted), DEVIATION_CLIPPED))


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
