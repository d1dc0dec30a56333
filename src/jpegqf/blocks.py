"""Luma -> distinct 8x8 blocks with clipping marks, and the DCT that JPEG applies to them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jpegqf.decode import Luma

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


def _dct_basis() -> NDArray[np.float64]:
    """Orthonormal DCT-II of eight samples, float64 (frequency, sample)."""
    u = np.arange(8)
    basis: NDArray[np.float64] = np.cos((2 * u[None] + 1) * u[:, None] * np.pi / 16) / 2
    basis[0] = np.sqrt(1 / 8)
    return basis


BASIS = _dct_basis()
FORWARD: F32 = np.kron(BASIS, BASIS).T.astype(np.float32)
"""Orthonormal 2-D DCT-II of row-major 8x8 blocks as one matrix, (64, 64): coefficients = block @ FORWARD."""
INVERSE = np.ascontiguousarray(FORWARD.T)


@dataclass(frozen=True)
class Blocks:
    """Distinct 8x8 luma blocks, row-major: ``pixels`` uint8, ``low`` and ``high`` bool, each (blocks, 64).

    ``low`` marks pixels that clipping may have raised, ``high`` those it may have lowered.
    """

    pixels: U8
    low: Bool
    high: Bool
    seen: int
    """How many blocks there were before repeats were dropped."""

    def __len__(self) -> int:
        return len(self.pixels)


def cut(plane: NDArray[Any]) -> NDArray[Any]:
    """Whole 8x8 blocks of a plane in raster order, (blocks, 64)."""
    height, width = (side - side % 8 for side in plane.shape)
    tiles = plane[:height, :width].reshape(height // 8, 8, width // 8, 8)
    return tiles.swapaxes(1, 2).reshape(-1, 64)


MULTIPLIERS = np.random.default_rng(0).integers(1, 2**63, 8, dtype=np.uint64) | np.uint64(1)
"""Odd numbers that mix the rows of a block into one key."""


def first_of_each(pixels: U8) -> NDArray[np.int64]:
    """Indices of distinct rows; repeated blocks (drawn graphics, borders) are not independent evidence."""
    words = np.ascontiguousarray(pixels).view(np.uint64)
    mixed = words * MULTIPLIERS
    keys = np.bitwise_xor.reduce(mixed ^ (mixed >> np.uint64(29)), axis=1)
    _, first = np.unique(keys, return_index=True)
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
