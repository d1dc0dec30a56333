"""Luma -> whether each of its pixels was repeated 2, 3 or 4 times across and down, and the image before that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import U8
from jpegqf.pixels.luma import Luma

FACTORS = (4, 3, 2)
"""Factors that are recognised; a multiple of 2 before 2."""
STRIP = 16
"""Rows and columns in the middle of the image that are looked at before all of it is."""
LEAST_CHANGES = 0.5
"""Least share of the places between repeated pixels where something changes: drawings have few, by chance anywhere."""


@dataclass(frozen=True)
class Enlargement:
    """``factor``: how often each pixel was repeated. ``x``, ``y``: first column and row of the first whole repetition.

    The factor is 1 where pixels are not repeated.
    """

    factor: int = 1
    x: int = 0
    y: int = 0

    def stored(self, x: int, y: int) -> tuple[int, int]:
        """Column and row in the stored image of a pixel of the image before."""
        return self.x + self.factor * x, self.y + self.factor * y

    def undone(self, luma: Luma) -> Luma:
        """The image before it was enlarged, as views."""
        if self.factor == 1:
            return luma
        return luma.viewed(lambda plane: plane[self.y :: self.factor, self.x :: self.factor])


NOT_ENLARGED = Enlargement()


def enlargement_of(luma: Luma) -> Enlargement:
    """The exact enlargement of an image by nearest neighbour, if it was one."""
    height, width = luma.shape
    across, down = luma.crop(height // 2, 0, STRIP, width).plane, luma.crop(0, width // 2, height, STRIP).plane.T
    for factor in FACTORS:
        if _first(across, factor) is None or _first(down, factor) is None:
            continue
        x, y = _first(luma.plane, factor), _first(luma.plane.T, factor)
        if x is not None and y is not None:
            return Enlargement(factor, x, y)
    return NOT_ENLARGED


def _first(plane: U8, factor: int) -> int | None:
    """The column where repetitions start, 0 to ``factor`` - 1, if columns change nowhere but between repetitions."""
    changes: NDArray[np.int64] = np.flatnonzero((plane[:, 1:] != plane[:, :-1]).any(axis=0)) + 1
    starts = changes % factor
    enough = len(changes) >= max(2, LEAST_CHANGES * (plane.shape[1] // factor - 1))
    return int(starts[0]) if enough and (starts == starts[0]).all() else None
