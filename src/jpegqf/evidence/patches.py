"""The patch-selection rule: which 128x128 regions of a luma plane are used."""

import numpy as np
from numpy.typing import NDArray

from jpegqf.evidence.settings import PatchRule
from jpegqf.pixels.luma import Luma

LARGEST_PIECE = 1024
"""Most pixels of a side that are used where the image is too narrow for a patch."""
PLASTIC_NUMBER = 1.32471795724474602596
"""The real root of x^3 = x + 1."""
R2_STEPS = np.array([1 / PLASTIC_NUMBER, 1 / PLASTIC_NUMBER**2])
"""What each visit of :func:`spread_order` adds to row and column, as shares of the lattice's height and width."""


def scores(luma: Luma, rule: PatchRule) -> NDArray[np.float64]:
    """Score of each patch in raster order, float64 (patches,): twice its luma variance.

    "Mean channel variance + gray variance", read on luma alone. Sums are exact integers.
    """
    rows, columns = _counts(luma, rule)
    return np.array([_score(luma, place, rule) for place in np.ndindex(rows, columns)])


def _counts(luma: Luma, rule: PatchRule) -> tuple[int, int]:
    """Rows and columns of patches; the image is as large as one patch at least."""
    rows, columns = ((side - rule.size) // rule.stride + 1 for side in luma.shape)
    return rows, columns


def _score(luma: Luma, place: tuple[int, ...], rule: PatchRule) -> float:
    top, left = (index * rule.stride for index in place)
    patch = luma.crop(top, left, rule.size, rule.size).plane.astype(np.int32)
    count = rule.size**2
    return float(2 * ((patch * patch).sum(dtype=np.int64) / count - (patch.sum() / count) ** 2))


def spread_order(rows: int, columns: int) -> NDArray[np.int64]:
    """Raster indices of a lattice in an order of which every beginning is spread evenly; int64 (rows * columns,).

    The places that Roberts' additive sequence R2 visits, then any that it missed (M. Roberts, "The unreasonable
    effectiveness of quasirandom sequences", 2018).
    """
    visits = (0.5 + np.arange(4 * rows * columns)[:, None] * R2_STEPS) % 1
    row, column = (visits * (rows, columns)).astype(np.int64).T
    visited = np.concatenate([row * columns + column, np.arange(rows * columns)])
    _, first = np.unique(visited, return_index=True)
    out: NDArray[np.int64] = visited[np.sort(first)]
    return out


def choose(score: NDArray[np.float64], rule: PatchRule) -> NDArray[np.int64]:
    """Indices of the patches to use, ascending, int64; empty if the image has too little contrast.

    ``score`` of the patches in the order in which they are preferred. Five steps: >= ``most`` above the threshold: the
    first ``most``; else >= ``fewest`` above it: all of them; else >= ``fewest`` above the relaxed threshold: the first
    ``fewest``; else all of those.
    """
    above = np.flatnonzero(score > rule.threshold)
    if len(above) >= rule.fewest:
        return above[: rule.most]
    relaxed = np.flatnonzero(score > rule.threshold / rule.relaxation)
    return relaxed[: rule.fewest]


Corner = tuple[int, int]
"""Row and column of the first pixel of a patch."""


def corners(luma: Luma, rule: PatchRule) -> list[Corner]:
    """Where the patches are that the rule takes, spread over the whole image, in raster order; none if it is small."""
    if min(luma.shape) < rule.size:
        return []
    rows, columns = _counts(luma, rule)
    order, score, above = spread_order(rows, columns), [], 0
    for index in order:
        score.append(_score(luma, divmod(int(index), columns), rule))
        above += score[-1] > rule.threshold
        if above >= rule.most:
            break  # no later patch is taken
    return _corners(order[choose(np.array(score), rule)], columns, rule)


def _corners(indices: NDArray[np.int64], columns: int, rule: PatchRule) -> list[Corner]:
    return [(index // columns * rule.stride, index % columns * rule.stride) for index in np.sort(indices).tolist()]


def _crops(luma: Luma, places: list[Corner], rule: PatchRule) -> list[Luma]:
    return [luma.crop(top, left, rule.size, rule.size) for top, left in places]


def select(luma: Luma, rule: PatchRule) -> list[Luma]:
    """The patches of ``luma`` that the rule takes, each (size, size), in raster order."""
    return _crops(luma, corners(luma, rule), rule)


def informative(luma: Luma, rule: PatchRule) -> list[Luma]:
    """The patches that the rule takes; else those of highest score; else the image up to LARGEST_PIECE a side."""
    height, width = luma.shape
    whole = luma.crop(0, 0, min(height, LARGEST_PIECE), min(width, LARGEST_PIECE))
    return select(luma, rule) or liveliest(luma, rule) or [whole]


def liveliest(luma: Luma, rule: PatchRule) -> list[Luma]:
    """The patches of highest score, at most ``most``, whatever their score, in raster order."""
    if min(luma.shape) < rule.size:
        return []
    ranked = np.argsort(-scores(luma, rule), kind="stable")
    _, columns = _counts(luma, rule)
    return _crops(luma, _corners(ranked[: rule.most], columns, rule), rule)
