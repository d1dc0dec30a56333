"""Quantized coefficients -> samples, with every rounding of libjpeg's accurate integer decoder."""

import numpy as np

from jpegqf.arrays import F64, I16, I32, Bool

CONST_BITS, PASS1_BITS = 13, 2
"""Bits behind the point of the constants, and of what the first pass leaves (``jidctint.c``)."""
FIRST, SECOND = CONST_BITS - PASS1_BITS, CONST_BITS + PASS1_BITS + 3
"""Bits that each pass rounds away."""
AT_ONCE = 8192
"""Blocks transformed at a time: 4 MiB a temporary."""


def _pass_matrix() -> F64:
    """One pass over eight coefficients as a matrix (sample, frequency) of whole numbers.

    A pass of ``jpeg_idct_islow`` is linear up to its one rounding at the end, so it is its answers to eight units.
    """
    in_ = np.eye(8, dtype=np.int64)
    z1 = (in_[2] + in_[6]) * 4433
    even2, even3 = z1 - in_[6] * 15137, z1 + in_[2] * 6270
    sum0, sum1 = (in_[0] + in_[4]) << CONST_BITS, (in_[0] - in_[4]) << CONST_BITS
    evens = (sum0 + even3, sum1 + even2, sum1 - even2, sum0 - even3)
    z1, z2, z3, z4 = in_[7] + in_[1], in_[5] + in_[3], in_[7] + in_[3], in_[5] + in_[1]
    z5 = (z3 + z4) * 9633
    z1, z2, z3, z4 = -z1 * 7373, -z2 * 20995, z5 - z3 * 16069, z5 - z4 * 3196
    odds = (
        in_[1] * 12299 + z1 + z4,
        in_[3] * 25172 + z2 + z3,
        in_[5] * 16819 + z2 + z4,
        in_[7] * 2446 + z1 + z3,
    )
    first = [even + odd for even, odd in zip(evens, odds, strict=True)]
    last = [even - odd for even, odd in zip(evens, odds, strict=True)]
    return np.stack(first + last[::-1]).astype(np.float64)


PASS = _pass_matrix()


def unclamped_samples(coefficients: I16, steps: I32) -> I16:
    """Samples of blocks before they are cut to 0..255, int16 (blocks, 64).

    ``coefficients``: quantized, int16 (blocks, 64), row-major; ``steps``: int32 (64,). As libjpeg-turbo's
    ``jpeg_idct_islow`` (the default method) computes them, bit by bit: sums of whole numbers below 2^53 in float64.
    """
    out = np.empty(coefficients.shape, np.int16)
    for first in range(0, len(coefficients), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        out[part] = _transformed(coefficients[part] * steps)
    return out


def fit_16_bits(coefficients: I16, steps: I32) -> Bool:
    """Which blocks decode alike in libjpeg-turbo's C code and in its vector code, which adds some pairs in 16 bits.

    bool (blocks,). Those of images do; coefficients that are made up may be larger.
    """
    dequantized = coefficients * steps
    columns = dequantized.reshape(-1, 8, 8).transpose(1, 2, 0)  # (row frequency, column, block)
    rows = _first_pass(dequantized).transpose(1, 0, 2)  # (column frequency, row, block)
    out = np.ones(len(dequantized), bool)
    for values in (columns, rows):
        for one, other in ADDED:
            out &= (np.abs(values[one]) + np.abs(values[other])).max(axis=0) <= LARGEST
        out &= np.abs(values).max(axis=(0, 1)) <= LARGEST
    return out


ADDED, LARGEST = ((0, 4), (3, 7), (1, 5)), 32767
"""Which inputs of a pass are added in 16 bits (``jidctint-sse2.asm``), and the largest that these hold."""


def _first_pass(dequantized: I32) -> F64:
    """What the pass over the columns leaves, (row, column frequency, block)."""
    blocks = len(dequantized)
    columns = dequantized.reshape(blocks, 8, 8).transpose(1, 2, 0).astype(np.float64)  # (row frequency, column, block)
    return _rounded(PASS @ columns.reshape(8, -1), FIRST).reshape(8, 8, blocks)


def _transformed(dequantized: I32) -> I16:
    blocks, half = len(dequantized), _first_pass(dequantized)
    rows = PASS @ half.transpose(1, 0, 2).reshape(8, -1)
    samples = _rounded(rows, SECOND).reshape(8, 8, blocks) + 128  # (column, row, block)
    out: I16 = np.clip(samples.transpose(2, 1, 0).reshape(blocks, 64), -32768, 32767).astype(np.int16)
    return out


def _rounded(sums: F64, bits: int) -> F64:
    """Sums over 2^bits, halves rounded up: libjpeg's DESCALE."""
    out: F64 = np.floor((sums + 2.0 ** (bits - 1)) * 2.0**-bits)
    return out
