"""The DCT of 8x8 blocks, as one matrix."""

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32


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
