"""Luma, a grid and a table -> which blocks of the image were saved with that table on that grid, place by place."""

from dataclasses import dataclass, replace

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8, Bool
from jpegqf.evidence.synthesis import clipped_given_back, given_back
from jpegqf.pixels.grid import Grid
from jpegqf.pixels.luma import Luma

MOST_BLOCKS = 4096
"""Most blocks of an image that are compared with a table."""
LEAST_SPAN = 3
"""Fewest grey levels that a block must span to be compared: what spans less comes back under many tables."""


@dataclass(frozen=True)
class BlockLattice:
    """Blocks of one grid on an even lattice over the whole image.

    ``pixels`` uint8, ``low`` and ``high`` bool, each (rows, columns, 64), as in :class:`Blocks`. ``tops`` (rows,) and
    ``lefts`` (columns,): first pixel row and column of each block in the image.
    """

    pixels: U8
    low: Bool
    high: Bool
    tops: I64
    lefts: I64
    step: int = 8
    """Pixels from one block to the next, where the lattice is even."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.tops), len(self.lefts)

    @property
    def clipped(self) -> Bool:
        """Blocks with a pixel that clipping may have changed, bool (rows, columns)."""
        out: Bool = (self.low | self.high).any(axis=2)
        return out

    @property
    def informative(self) -> Bool:
        """Blocks that span LEAST_SPAN grey levels, bool (rows, columns)."""
        out: Bool = self.pixels.max(axis=2) - self.pixels.min(axis=2) >= LEAST_SPAN
        return out


def blocks_at(luma: Luma, tops: I64, lefts: I64) -> BlockLattice:
    """The blocks whose first pixels are in these rows and columns, which must lie 8 or more pixels before the end."""
    rows, columns = (first[:, None] + np.arange(8) for first in (tops, lefts))
    shape = (len(tops), len(lefts), 64)

    def taken(plane: U8) -> U8:
        cut = plane[rows.reshape(-1)][:, columns.reshape(-1)]
        out: U8 = cut.reshape(len(tops), 8, len(lefts), 8).swapaxes(1, 2).reshape(shape)
        return out

    pixels = taken(luma.plane)
    if luma.marks is None:
        return BlockLattice(pixels, pixels == 0, pixels == 255, tops, lefts)
    marks = taken(luma.marks)
    return BlockLattice(pixels, (marks & 1).astype(bool), (marks & 2).astype(bool), tops, lefts)


def block_lattice(luma: Luma, x: int, y: int, most: int = MOST_BLOCKS) -> BlockLattice:
    """At most ``most`` blocks of the grid that starts at column ``x`` and row ``y``, evenly spread."""
    height, width = luma.plane.shape
    step = 8
    while (height // step) * (width // step) > most:
        step += 8
    tops, lefts = np.arange(y, height - 7, step), np.arange(x, width - 7, step)
    return replace(blocks_at(luma, tops, lefts), step=step)


def agreement(lattice: BlockLattice, steps: F32, tolerance: float, rounds: int) -> Bool:
    """Which blocks come back within ``tolerance`` grey levels under the table ``steps`` (64,); bool (rows, columns).

    Clipped pixels are left free, in ``rounds`` rounds. Flat blocks are not compared and count as not given back.
    """
    out, clipped, asked = np.zeros(lattice.shape, bool), lattice.clipped, lattice.informative
    sound = asked & ~clipped
    if sound.any():
        out[sound] = given_back(lattice.pixels[sound], steps[None], tolerance)[0]
    sound = asked & clipped
    if sound.any():
        pixels, low, high = lattice.pixels[sound], lattice.low[sound], lattice.high[sound]
        out[sound] = clipped_given_back(pixels, low, high, steps, rounds, tolerance)
    return out


def largest_sum(weights: F64) -> tuple[float, slice, slice]:
    """The rectangle of the greatest sum, 0 or more: the sum, its rows and its columns, of weights (rows, columns)."""
    rows, columns = weights.shape
    sums = np.zeros((rows + 1, columns + 1))
    sums[1:, 1:] = weights.cumsum(axis=0).cumsum(axis=1)
    best = 0.0, slice(0, 0), slice(0, 0)
    for top in range(rows):
        band = sums[top + 1 :] - sums[top]
        lowest = np.minimum.accumulate(band, axis=1)
        gain = band - lowest
        row, end = divmod(int(gain.argmax()), columns + 1)
        if gain[row, end] > best[0]:
            first = int(np.flatnonzero(band[row, : end + 1] == lowest[row, end])[0])
            best = float(gain[row, end]), slice(top, top + 1 + row), slice(first, end)
    return best
