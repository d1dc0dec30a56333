"""Luma -> which of the 64 grids each of many places votes for: where JPEGs are in an image, whatever their tables.

On the grid of a JPEG save most DCT coefficients are near zero, on the 63 others fewer are. So a place votes for
the grid on which its block has the most coefficients near zero (Nikoukhah et al., "ZERO: a local JPEG grid origin
detector based on the number of DCT zeros", IPOL 2021). Places that were never JPEGs scatter their votes.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, I64, U8, Bool
from jpegqf.evidence.blocks import lattice_step
from jpegqf.evidence.dct import BASIS
from jpegqf.pixels.grid import WINDOW, Grid
from jpegqf.pixels.luma import Luma

MOST_PLACES = 3600
"""Most windows looked at: a part of 256x256 pixels in 2560x1440 still holds 64 of them."""
NEAREST = 16
"""Fewest pixels from one window to the next."""
LEAST_SPAN = 4
"""Fewest grey levels that a window must span to be asked."""
NEAR_ZERO = 0.5
"""Largest magnitude, in grey levels, of a coefficient that counts as zero: 1.7 times the error from rounding pixels."""
LEAST_LEAD = 2
"""Zeros by which a grid must lead over the next to get a window's vote: fewer come about by chance."""
ABSTAINS = -1
"""The vote of a window without a clear winner."""
AT_ONCE = 32
"""Windows transformed at a time: 512 KiB a temporary, so that it stays in the processor's cache."""


@dataclass(frozen=True)
class GridVotes:
    """Votes of windows on an even lattice: ``grid`` int64 (rows, columns), 8 y + x of the grid's first lines, 0..63.

    ABSTAINS where no grid leads. ``asked``, bool of the same shape: the windows that are not flat. The window of row i
    and column j has its first pixel at (``step`` i, ``step`` j).
    """

    grid: I64
    asked: Bool
    step: int

    def for_grid(self, grid: Grid) -> Bool:
        """The windows that vote for a grid, bool (rows, columns)."""
        out: Bool = self.grid == 8 * grid.y + grid.x
        return out

    @property
    def tops(self) -> I64:
        """First pixel row of each row of windows, int64 (rows,)."""
        return np.arange(self.grid.shape[0]) * self.step

    @property
    def lefts(self) -> I64:
        """First pixel column of each column of windows, int64 (columns,)."""
        return np.arange(self.grid.shape[1]) * self.step


def _one_dimensional() -> F32:
    """Matrix (15, 64): 15 pixels of a row -> the 8 coefficients of the 8 pixels from each offset 0..7 on."""
    out = np.zeros((WINDOW, 64), np.float32)
    for offset in range(8):
        out[offset : offset + 8, 8 * offset : 8 * offset + 8] = BASIS.T
    return out


ROW_TRANSFORM = _one_dimensional()


def _zeros(windows: U8) -> I64:
    """Coefficients near zero of the block of each grid, int64 (n, 64), of windows (n, 15, 15)."""
    out = np.empty((len(windows), 64), np.int64)
    for first in range(0, len(windows), AT_ONCE):
        part = windows[first : first + AT_ONCE].astype(np.float32) - 128
        across = part.reshape(-1, WINDOW) @ ROW_TRANSFORM
        both = np.matmul(ROW_TRANSFORM.T, across.reshape(-1, WINDOW, 64))
        near = (np.abs(both) < NEAR_ZERO).reshape(-1, 8, 8, 8, 8)
        out[first : first + AT_ONCE] = np.count_nonzero(near, axis=(2, 4)).reshape(-1, 64)
    return out


def _winners(zeros: I64) -> I64:
    """The grid that leads by LEAST_LEAD, or ABSTAINS, int64 (n,)."""
    second, first = np.partition(zeros, 62, axis=1)[:, 62:].T
    return np.where(first - second >= LEAST_LEAD, zeros.argmax(axis=1), ABSTAINS)


def grid_votes(luma: Luma) -> GridVotes:
    """The votes of all parts of an image; an empty lattice if it is too small for one window."""
    height, width = luma.shape
    step = lattice_step(height, width, MOST_PLACES, NEAREST)
    if min(height, width) < WINDOW:
        return GridVotes(np.empty((0, 0), np.int64), np.empty((0, 0), bool), step)
    tops, lefts = (np.arange(0, side - WINDOW + 1, step) for side in (height, width))
    tiles = luma.tiles(tops, lefts, WINDOW).plane.reshape(len(tops), WINDOW, len(lefts), WINDOW)
    windows = tiles.swapaxes(1, 2)
    span = windows.max(axis=(2, 3)).astype(np.int64) - windows.min(axis=(2, 3))
    asked = span >= LEAST_SPAN
    grid = np.full(asked.shape, ABSTAINS, np.int64)
    grid[asked] = _winners(_zeros(windows[asked]))
    return GridVotes(grid, asked, step)
