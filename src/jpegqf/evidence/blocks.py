"""Luma -> distinct 8x8 blocks with clipping marks, and the DCT that JPEG applies to them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import U8, Bool
from jpegqf.pixels.luma import Luma


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


MULTIPLIERS = np.array([pow(6364136223846793005, power, 2**64) for power in range(1, 17)], np.uint64)
"""Odd numbers that mix the words of a block into one key: powers of Knuth's multiplier (MMIX)."""


def first_of_each(pixels: U8) -> NDArray[np.int64]:
    """Indices of distinct rows (n, 64); repeated blocks (drawn graphics, borders) are not independent evidence.

    Keys are sums of products of 32-bit words with 64-bit multipliers (Dietzfelbinger, "Universal hashing and k-wise
    independent random variables via integer arithmetic without primes", STACS 1996): even rows that differ in a few
    pixels do not share one.
    """
    words = np.ascontiguousarray(pixels).view(np.uint32).astype(np.uint64)
    _, first = np.unique(words @ MULTIPLIERS, return_index=True)
    return np.sort(first)


def cut_blocks(patches: list[Luma]) -> Blocks:
    """The distinct whole 8x8 blocks of patches whose first pixel is on the grid."""
    pixels = np.concatenate([cut(patch.plane) for patch in patches])
    keep = first_of_each(pixels)
    kept = pixels[keep]
    if any(patch.marks is None for patch in patches):
        return Blocks(kept, kept == 0, kept == 255, len(pixels))
    marks = np.concatenate([cut(patch.marks) for patch in patches if patch.marks is not None])[keep]
    return Blocks(kept, (marks & 1).astype(bool), (marks & 2).astype(bool), len(pixels))
