"""Histograms of |DCT coefficients| -> log-likelihood of every quantization step at every frequency.

* comb: decoding rounds pixels, so a coefficient sits on a multiple of its step with an error of
  standard deviation 1/sqrt(12) (uniform pixel rounding under an orthonormal DCT);
* counts: how well a Laplacian explains which multiples occur, which tells a step from its divisors
  (Lam & Goodman, "A mathematical analysis of the DCT coefficient distributions for images", IEEE TIP 2000).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

BINS_PER_UNIT = 4
"""Resolution of the |coefficient| histograms: a bin of 0.25 adds 6 % to the noise variance."""
BINS = 1056 * BINS_PER_UNIT
"""An 8-bit block's orthonormal coefficient is at most 8 * 128 = 1024 in magnitude (DC), some less for AC."""
BIN_ROUNDING = 0.49
"""Not 0.5: a third of the frequencies take multiples of 1/8, which would then fall on the edges of bins."""
MAX_STEP = 255


@lru_cache(maxsize=4)
def bin_tables(noise_sigma: float, outlier_mass: float) -> tuple[F32, F32]:
    """For |c| of each bin and steps 1..255, float32 (BINS, 255 + 255) and (BINS, 255).

    First: the multiple that |c| rounds to, and whether it is zero. Second: log density of |c| under the
    comb of that step, given the multiples' own probabilities.
    """
    value = np.arange(BINS)[:, None] / BINS_PER_UNIT
    step = np.arange(1, MAX_STEP + 1)
    multiple = np.rint(value / step)
    error = value - multiple * step
    scale = noise_sigma * np.sqrt(2 * np.pi)
    comb = sum(np.exp(-((error + j * step) ** 2) / (2 * noise_sigma**2)) / scale for j in (-1, 0, 1))
    log_comb = np.log((1 - outlier_mass) * comb + outlier_mass / step)
    counted = np.concatenate([multiple, multiple == 0], axis=1)
    return counted.astype(np.float32), log_comb.astype(np.float32)


def histogram(coefficients: F32, bins: int = BINS) -> F32:
    """Counts of |coefficient| per frequency, float32 (64, bins), of (blocks, 64); larger ones in the last bin."""
    index = np.minimum((np.abs(coefficients) * BINS_PER_UNIT + BIN_ROUNDING).astype(np.int64), bins - 1)
    counts = np.bincount((index + np.arange(64) * bins).ravel(), minlength=64 * bins)
    return counts.reshape(64, bins).astype(np.float32)


def per_step(counts: F32, table: F32) -> F32:
    """Sum of a bin table's columns over each frequency's histogram.

    ``counts`` is (64, bins), ``table`` (BINS, k * 255) for k quantities; returns float32 (k, 255, 64).
    """
    kinds = table.shape[1] // MAX_STEP
    out = np.zeros((kinds, MAX_STEP, 64), np.float32)
    for frequency in range(64):
        filled = np.flatnonzero(counts[frequency])
        if len(filled):
            end = filled[-1] + 1
            out[:, :, frequency] = (counts[frequency, :end] @ table[:end]).reshape(kinds, MAX_STEP)
    return out


def laplacian(count: F32, zeros: F32, total: F32) -> F32:
    """Log probability of quantized values under a Laplacian whose scale is fitted to mean |k|.

    ``count`` is (64,), ``zeros`` and ``total`` (sum of |k|) are (steps, 64). With x = exp(-step / (2 b)):
    P(0) = 1 - x, P(k) = (1 - x^2) / (2 x) * x^(2 |k|), and E|k| = x / (1 - x^2).
    """
    mean = total / np.maximum(count, 1) + np.float32(1e-4)
    x = np.clip((np.sqrt(1 + 4 * mean * mean) - 1) / (2 * mean), 1e-6, 1 - 1e-6)
    out: F32 = zeros * np.log1p(-x) + (count - zeros) * np.log((1 - x * x) / (2 * x)) + 2 * total * np.log(x)
    return out


def zero_inflated(count: F32, zeros: F32, total: F32) -> F32:
    """The same with the mass at zero free: robust where an image is part smooth, part busy."""
    nonzero = count - zeros
    p_zero = (zeros + 0.5) / (count + 1)
    ratio = (total - nonzero + 0.2) / (total + 0.4)
    tail = nonzero * (np.log1p(-p_zero) + np.log((1 - ratio) / 2)) + (total - nonzero) * np.log(ratio)
    out: F32 = zeros * np.log(p_zero) + tail
    return out
