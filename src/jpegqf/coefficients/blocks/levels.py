"""Quantized coefficients of blocks and the samples that they decode to, which are known, bounded or unknown."""

import numpy as np

from jpegqf.arrays import F32, I16, I32, Bool
from jpegqf.coefficients.estimation import ERROR, Known
from jpegqf.coefficients.idct import unclamped_samples
from jpegqf.evidence.dct import FORWARD, INVERSE

LOWEST, HIGHEST = -4096, 4096
"""Bounds of a sample of which nothing is known."""
MIDDLE = np.float32(128)
"""Level that coefficients are about."""


def is_within(coefficients: I16, low: I16, high: I16, steps: I32) -> Bool:
    """Which blocks decode to samples within the bounds, bool (blocks,)."""
    samples = unclamped_samples(coefficients, steps)
    return np.asarray(((samples >= low) & (samples <= high)).all(axis=1))


def quantized(samples: F32, steps: I32) -> I16:
    """Coefficients of samples, float32 (blocks, 64), rounded to multiples of the steps."""
    out: I16 = np.rint((samples - MIDDLE) @ FORWARD / steps.astype(np.float32)).astype(np.int16)
    return out


def synthesis(coefficients: I16, steps: I32) -> F32:
    """Samples of quantized coefficients before they are rounded, float32 (blocks, 64)."""
    out: F32 = (coefficients * steps.astype(np.float32)) @ INVERSE + MIDDLE
    return out


def known_of(low: I16, high: I16, steps: I32) -> Known:
    """The samples of blocks as ``estimation`` takes them."""
    lowest, highest = low - MIDDLE, high - MIDDLE
    sure = lowest == highest
    precision, values = np.where(sure, 1 / ERROR, np.float32(0)), np.where(sure, lowest, np.float32(0))
    return Known(steps.astype(np.float32)[:, None] * INVERSE, values, precision, lowest, highest)
