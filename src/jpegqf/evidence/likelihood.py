"""Histograms of |DCT coefficients| -> log-likelihood of every quantization step at every frequency.

* comb: decoding rounds pixels, so a coefficient sits on a multiple of its step with an error of
  standard deviation 1/sqrt(12) (uniform pixel rounding under an orthonormal DCT);
* counts: how well a Laplacian explains which multiples occur, which distinguishes a step from its divisors
  (Lam & Goodman, "A mathematical analysis of the DCT coefficient distributions for images", IEEE TIP 2000).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32, Numbers, library
from jpegqf.jpeg.ijg import MAX_STEP

BINS_PER_UNIT = 4
"""Resolution of the |coefficient| histograms: a bin of 0.25 adds 6 % to the noise variance."""
BINS = 1056 * BINS_PER_UNIT
"""An 8-bit block's orthonormal coefficient is at most 8 * 128 = 1024 in magnitude (DC), some less for AC."""
BIN_ROUNDING = 0.49
"""Not 0.5: a third of the frequencies take multiples of 1/8, which would then fall on the edges of bins."""
BINS_AT_ONCE = 64
"""Bins of which the comb is computed at a time: 128 KiB a temporary, so that it stays in the processor's cache."""
ALL_STEPS = np.arange(1, MAX_STEP + 1)


@lru_cache(maxsize=4)
def comb_table(noise_sigma: float, outlier_mass: float) -> F32:
    """Log density of |c| of each bin under the comb of steps 1..255, given the multiples' own probabilities.

    Float32 (BINS, 255).
    """
    step, scale = ALL_STEPS, noise_sigma * np.sqrt(2 * np.pi)
    log_comb = np.empty((BINS, MAX_STEP), np.float32)
    for first in range(0, BINS, BINS_AT_ONCE):
        value = np.arange(first, first + BINS_AT_ONCE)[:, None] / BINS_PER_UNIT
        error = value - np.rint(value / step) * step
        comb = sum(np.exp(-((error + j * step) ** 2) / (2 * noise_sigma**2)) / scale for j in (-1, 0, 1))
        log_comb[first : first + BINS_AT_ONCE] = np.log((1 - outlier_mass) * comb + outlier_mass / step)
    return log_comb


def bin_multiples(bins: int = BINS, steps: NDArray[np.int64] = ALL_STEPS) -> NDArray[np.float64]:
    """Multiple of each step to which the values of each bin round, (bins, steps)."""
    return np.rint(np.arange(bins)[:, None] / BINS_PER_UNIT / steps)


@lru_cache(maxsize=1)
def _first_bins() -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each step 1..255 the first bin that rounds to each multiple from 1 on, and which of them are of 1."""
    bins = [np.flatnonzero(np.diff(bin_multiples(BINS, ALL_STEPS[i : i + 1])[:, 0])) + 1 for i in range(MAX_STEP)]
    is_first = np.concatenate([np.arange(len(of_step)) == 0 for of_step in bins])
    return np.concatenate(bins), is_first


def histogram(coefficients: F32, bins: int = BINS) -> F32:
    """Counts of |coefficient| per frequency, float32 (64, bins), of (blocks, 64); larger ones in the last bin."""
    index = np.minimum((np.abs(coefficients) * BINS_PER_UNIT + BIN_ROUNDING).astype(np.int64), bins - 1)
    counts = np.bincount((index + np.arange(64) * bins).ravel(), minlength=64 * bins)
    return counts.reshape(64, bins).astype(np.float32)


def bins_in_use(counts: F32) -> int:
    """Number of bins up to the last one that any frequency fills, at least 1."""
    filled = np.flatnonzero(counts.any(axis=0))
    return int(filled[-1]) + 1 if len(filled) else 1


def multiple_sums(counts: F32, most: int = MAX_STEP) -> tuple[F32, F32]:
    """Sum of |k| and number of k = 0, where k is a coefficient rounded to a multiple of each step 1..``most``.

    ``counts`` are histograms (64, bins); returns float32 (most, 64) twice. A sum of |k| is the sum over k of how many
    reach k, so a step costs as much as it has multiples. DC spans far more bins than AC and goes alone.
    """
    bins, is_first = _first_bins()
    asked = slice(0, None if most == MAX_STEP else int(np.flatnonzero(is_first)[most]))
    parts = [_multiples(rows, bins[asked], is_first[asked]) for rows in (counts[:1], counts[1:])]
    total, zeros = (np.concatenate(pair, axis=1) for pair in zip(*parts, strict=True))
    return total, zeros


def _multiples(counts: F32, bins: NDArray[np.int64], is_first: NDArray[np.bool_]) -> tuple[F32, F32]:
    end = bins_in_use(counts)
    reaching = np.zeros((end + 1, len(counts)), np.float32)
    reaching[:end] = counts[:, end - 1 :: -1].cumsum(axis=1)[:, ::-1].T
    kept = is_first | (bins < end)
    first = np.flatnonzero(is_first[kept])
    each = reaching[np.minimum(bins[kept], end)]
    return np.add.reduceat(each, first, axis=0), reaching[0] - each[first]


TOGETHER = 8
"""Frequencies multiplied with the table at a time, which is then read once, up to their last filled bin."""


def comb_evidence(counts: F32, table: F32) -> F32:
    """Sum of a table (bins, 255) over histograms (64, bins), float32 (255, 64)."""
    out = np.empty((64, table.shape[1]), np.float32)
    for rows in (slice(0, 1), *(slice(first, first + TOGETHER) for first in range(1, 64, TOGETHER))):
        end = bins_in_use(counts[rows])
        out[rows] = counts[rows, :end] @ table[:end]
    return out.T


def laplacian(count: Numbers, zeros: Numbers, total: Numbers) -> Numbers:
    """Log probability of quantized values under a Laplacian whose scale is fitted to mean |k|.

    ``zeros`` and ``total`` (sum of |k|) are float32 (..., steps, 64) of NumPy or PyTorch, ``count`` (64,) or
    (..., 1, 64). With x = exp(-step / (2 b)): P(0) = 1 - x, P(k) = (1 - x^2) / (2 x) * x^(2 |k|), and
    E|k| = x / (1 - x^2).
    """
    xp = library(total)
    mean = total / xp.clip(count, 1, None) + np.float32(1e-4)
    x = xp.clip((xp.sqrt(1 + 4 * mean * mean) - 1) / (2 * mean), 1e-6, 1 - 1e-6)
    return zeros * xp.log1p(-x) + (count - zeros) * xp.log((1 - x * x) / (2 * x)) + 2 * total * xp.log(x)


def zero_inflated(count: Numbers, zeros: Numbers, total: Numbers) -> Numbers:
    """As :func:`laplacian`, with the probability of zero fitted by itself.

    This is robust where an image is part smooth, part busy.
    """
    xp = library(total)
    nonzero = count - zeros
    p_zero = (zeros + 0.5) / (count + 1)
    ratio = (total - nonzero + 0.2) / (total + 0.4)
    tail = nonzero * (xp.log1p(-p_zero) + xp.log((1 - ratio) / 2)) + (total - nonzero) * xp.log(ratio)
    return zeros * xp.log(p_zero) + tail
