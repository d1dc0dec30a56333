"""The patch-selection rule: which 128x128 regions of a luma plane are used."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jpegqf.evidence.settings import PatchRule
from jpegqf.pixels.luma import Luma

LARGEST_PIECE = 1024
"""Most pixels of a side that are used where the image is too narrow for a patch."""


def _windows(plane: NDArray[np.uint8], rule: PatchRule) -> NDArray[np.uint8]:
    """All patches in raster order, a view (rows, columns, size, size)."""
    windows = np.lib.stride_tricks.sliding_window_view(plane, (rule.size, rule.size))
    view: NDArray[np.uint8] = windows[:: rule.stride, :: rule.stride]
    return view


def scores(plane: NDArray[np.uint8], rule: PatchRule) -> NDArray[np.float64]:
    """Score of each patch in raster order, float64 (patches,): twice its luma variance.

    "Mean channel variance + gray variance", read on luma alone. Sums are exact integers.
    """
    return np.concatenate(list(_row_scores(plane, rule)))


def _row_scores(plane: NDArray[np.uint8], rule: PatchRule) -> Iterator[NDArray[np.float64]]:
    """The same, a row of patches at a time."""
    count = rule.size**2
    for row in _windows(plane, rule):
        strip = row.astype(np.int32)
        total = strip.sum(axis=(1, 2))
        squares = (strip * strip).sum(axis=(1, 2), dtype=np.int64)
        yield 2 * (squares / count - (total / count) ** 2)


def choose(score: NDArray[np.float64], rule: PatchRule) -> NDArray[np.int64]:
    """Indices of the patches to use, in raster order, int64; empty if the image has too little contrast.

    Five steps: >= ``most`` above the threshold: the first ``most``; else >= ``fewest`` above it: all of
    them; else >= ``fewest`` above the relaxed threshold: the first ``fewest``; else all of those.
    """
    above = np.flatnonzero(score > rule.threshold)
    if len(above) >= rule.fewest:
        return above[: rule.most]
    relaxed = np.flatnonzero(score > rule.threshold / rule.relaxation)
    return relaxed[: rule.fewest]


def _crops(luma: Luma, indices: NDArray[np.int64], rule: PatchRule) -> list[Luma]:
    """The patches of these raster indices, each (size, size)."""
    columns = (luma.plane.shape[1] - rule.size) // rule.stride + 1
    corners = [(int(i) // columns * rule.stride, int(i) % columns * rule.stride) for i in indices]
    return [luma.crop(top, left, rule.size, rule.size) for top, left in corners]


def select(luma: Luma, rule: PatchRule) -> list[Luma]:
    """The patches of ``luma`` that the rule takes, each (size, size), in raster order."""
    if min(luma.plane.shape) < rule.size:
        return []
    score = np.empty(0)
    for row in _row_scores(luma.plane, rule):
        score = np.append(score, row)
        if np.count_nonzero(score > rule.threshold) >= rule.most:
            break  # no later patch is taken
    return _crops(luma, choose(score, rule), rule)


def informative(luma: Luma, rule: PatchRule) -> list[Luma]:
    """The patches that the rule takes; else those of highest score; else the image up to LARGEST_PIECE a side."""
    height, width = luma.plane.shape
    whole = luma.crop(0, 0, min(height, LARGEST_PIECE), min(width, LARGEST_PIECE))
    return select(luma, rule) or liveliest(luma, rule) or [whole]


def liveliest(luma: Luma, rule: PatchRule) -> list[Luma]:
    """The patches of highest score, at most ``most``, whatever their score, in raster order."""
    if min(luma.plane.shape) < rule.size:
        return []
    ranked = np.argsort(-scores(luma.plane, rule), kind="stable")
    return _crops(luma, np.sort(ranked[: rule.most]), rule)
