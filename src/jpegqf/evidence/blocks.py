"""Luma -> 8x8 blocks with clipping marks: the distinct ones of some patches, or those of a lattice over the image."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64, U8, Bool
from jpegqf.kernels.compiled import kernels
from jpegqf.pixels.luma import Luma

ItemT = TypeVar("ItemT", bound=np.generic)
"""Type of an array's items."""


@dataclass(frozen=True)
class Blocks:
    """Distinct 8x8 luma blocks, row-major: ``pixels`` uint8, ``low`` and ``high`` bool, each (blocks, 64).

    ``low`` marks pixels that clipping may have raised, ``high`` those it may have lowered.
    """

    pixels: U8
    low: Bool
    high: Bool
    with_repeats: int
    """Number of blocks before repeats were dropped."""

    def __len__(self) -> int:
        return len(self.pixels)


def cut(plane: NDArray[Any]) -> NDArray[Any]:
    """Whole 8x8 blocks of a plane in raster order, (blocks, 64)."""
    height, width = (side - side % 8 for side in plane.shape)
    tiles = plane[:height, :width].reshape(height // 8, 8, width // 8, 8)
    return tiles.swapaxes(1, 2).reshape(-1, 64)


def joined(blocks: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """The plane of blocks (rows * columns, 64) in raster order: the inverse of :func:`cut`."""
    return blocks.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(rows * 8, columns * 8)


MULTIPLIERS = np.array([pow(6364136223846793005, power, 2**64) for power in range(1, 17)], np.uint64)
"""Odd numbers that mix the words of a block into one key: powers of Knuth's multiplier (MMIX)."""


def first_of_each(pixels: U8) -> NDArray[np.int64]:
    """Indices of distinct rows (n, 64); repeated blocks (drawn graphics, borders) are not independent evidence.

    Keys are sums of products of 32-bit words with 64-bit multipliers (Dietzfelbinger, "Universal hashing and k-wise
    independent random variables via integer arithmetic without primes", STACS 1996): even rows that differ in a few
    pixels do not share one.
    """
    compiled = kernels()
    if compiled is not None:
        return compiled.first_of_each(pixels, MULTIPLIERS)
    words = np.ascontiguousarray(pixels).view(np.uint32).astype(np.uint64)
    _, first = np.unique(words @ MULTIPLIERS, return_index=True)
    return np.sort(first)


def evenly_spread(rows: NDArray[ItemT], most: int) -> NDArray[ItemT]:
    """At most ``most`` of the rows of an array, evenly spread, the first and the last among them."""
    count = min(len(rows), most)
    out: NDArray[ItemT] = rows[np.arange(count) * (len(rows) - 1) // max(count - 1, 1)]
    return out


def sound_squares(luma: Luma, tops: I64, lefts: I64, side: int, least_range: int) -> U8:
    """Squares of ``side`` pixels, 8 or 15, that span so many grey levels and are not clipped: uint8 (n, side, side).

    ``tops``, ``lefts``, int64 (n,): first row and column of each. Of those with the same first 8x8 pixels one is kept.
    """
    plane, marks, compiled = luma.plane, luma.marks, kernels()
    if not len(tops):
        return np.zeros((0, side, side), np.uint8)
    if compiled is not None:
        starts = tops * plane.shape[1] + lefts
        return compiled.sound_squares(plane, marks, starts, side, least_range, MULTIPLIERS)

    def squares_of(plane: U8) -> U8:
        out: U8 = np.lib.stride_tricks.sliding_window_view(plane, (side, side))[tops, lefts]
        return out

    squares = squares_of(plane)
    low, high = squares.min(axis=(1, 2)), squares.max(axis=(1, 2))
    sound = (low > 0) & (high < 255) & (high - low >= least_range)
    if marks is not None:
        sound &= ~squares_of(marks).any(axis=(1, 2))
    squares = squares[sound]
    out: U8 = squares[first_of_each(squares[:, :8, :8].reshape(-1, 64))]
    return out


def transposed_blocks(blocks: NDArray[ItemT]) -> NDArray[ItemT]:
    """The blocks (n, 64), or tables, each with rows and columns exchanged."""
    out: NDArray[ItemT] = blocks.reshape(-1, 8, 8).swapaxes(1, 2).reshape(-1, 64)
    return out


def constant_along_an_axis(pixels: U8) -> Bool:
    """Which of the blocks (n, 64) have equal rows or equal columns, bool (n,)."""
    square = pixels.reshape(-1, 8, 8)
    out: Bool = (square == square[:, :1]).all(axis=(1, 2)) | (square == square[:, :, :1]).all(axis=(1, 2))
    return out


def cut_blocks(patches: list[Luma]) -> Blocks:
    """The distinct whole 8x8 blocks of patches whose first pixel is on the grid."""
    pixels = np.concatenate([cut(patch.plane) for patch in patches])
    keep = first_of_each(pixels)
    kept = pixels[keep]
    if any(patch.marks is None for patch in patches):
        return Blocks(kept, kept == 0, kept == 255, len(pixels))
    marks = np.concatenate([cut(patch.marks) for patch in patches if patch.marks is not None])[keep]
    return Blocks(kept, (marks & 1).astype(bool), (marks & 2).astype(bool), len(pixels))


MOST_BLOCKS = 4096
"""Most blocks of an image that are compared with a table."""
LEAST_SPAN = 3
"""Fewest grey levels that a block must span to be compared: what spans less comes back under many tables."""


@dataclass(frozen=True)
class BlockLattice:
    """Blocks of one grid on an even lattice over the whole image.

    ``pixels`` uint8, ``low`` and ``high`` bool, each (rows, columns, 64), as of :class:`Blocks`. ``tops`` (rows,) and
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
        out: Bool = np.any(self.low | self.high, axis=2)
        return out

    @property
    def clipped_in_colour(self) -> Bool:
        """Those with such a pixel whose luma is neither 0 nor 255: one channel was clipped, and luma may be far off."""
        out: Bool = np.any((self.low | self.high) & (self.pixels > 0) & (self.pixels < 255), axis=2)
        return out

    @property
    def informative(self) -> Bool:
        """Blocks that span LEAST_SPAN grey levels, bool (rows, columns)."""
        out: Bool = self.pixels.max(axis=2) - self.pixels.min(axis=2) >= LEAST_SPAN
        return out


def blocks_at(luma: Luma, tops: I64, lefts: I64) -> BlockLattice:
    """The blocks whose first pixels are in these rows and columns, which must lie 8 or more pixels before the end."""
    tiles, shape = luma.tiles(tops, lefts, 8), (len(tops), len(lefts), 64)
    pixels = cut(tiles.plane).reshape(shape)
    if tiles.marks is None:
        return BlockLattice(pixels, pixels == 0, pixels == 255, tops, lefts)
    marks = cut(tiles.marks).reshape(shape)
    return BlockLattice(pixels, (marks & 1).astype(bool), (marks & 2).astype(bool), tops, lefts)


def contrasting_blocks(luma: Luma, lattice: int, span: int) -> U8:
    """Distinct unclipped blocks that span ``span`` grey levels or more, uint8 (n, 64), on the grid of the first pixel.

    From at most ``lattice`` rows and as many columns of blocks, evenly spread.
    """
    rows, columns = (evenly_spread(np.arange(0, side - 7, 8), lattice) for side in luma.shape)
    tops, lefts = np.divmod(np.arange(len(rows) * len(columns)), max(len(columns), 1))
    return sound_squares(luma.tiles(rows, columns, 8), 8 * tops, 8 * lefts, 8, span).reshape(-1, 64)


def lattice_step(height: int, width: int, most: int, least: int = 8) -> int:
    """Pixels, a multiple of 8 and ``least`` or more, from one place of a lattice to the next, for ``most`` places."""
    step = least
    while (height // step) * (width // step) > most:
        step += 8
    return step


def block_lattice(luma: Luma, x: int, y: int, most: int = MOST_BLOCKS) -> BlockLattice:
    """At most ``most`` blocks of the grid that starts at column ``x`` and row ``y``, evenly spread."""
    height, width = luma.shape
    step = lattice_step(height, width, most)
    tops, lefts = np.arange(y, height - 7, step), np.arange(x, width - 7, step)
    return replace(blocks_at(luma, tops, lefts), step=step)
