"""Luma on its grid -> how likely each quantization step is at each frequency, for any table.

Coefficients of a decoded JPEG are multiples of their step, plus the error of rounding pixels, of standard deviation
1/sqrt(12). Beyond SMALL that error cannot be taken for a multiple, and the comb and the counts of
``jpegqf.evidence.likelihood`` say how likely a step is. Up to SMALL it can, and the density is summed over multiples.
"""

from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, U8, Bool
from jpegqf.evidence.blocks import block_lattice, constant_along_an_axis, first_of_each
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.likelihood import (
    BINS,
    BINS_AT_ONCE,
    BINS_PER_UNIT,
    bins_in_use,
    comb_evidence,
    comb_table,
    histogram,
    laplacian,
    multiple_sums,
)
from jpegqf.pixels.luma import Luma

FEWEST_RICH, FEWEST_BLOCKS = 8, 4
"""Fewest rich blocks by which a table is read step by step, and fewest of any by which a known one is."""
RICH_SPAN = 8
"""Fewest grey levels that a block must span: the rounding errors of flatter ones are not white."""
SIGMA = 12**-0.5
"""Standard deviation of a coefficient's rounding error, grey levels (uniform, variance 1/12)."""
OUTLIERS = 1e-5
"""Share of coefficients that may be anything: unclipped blocks of a decoded JPEG have hardly any."""
SMALL = 4
"""Steps up to which rounding errors may be taken for multiples."""
SCALES = np.geomspace(0.25, 1500, 30)
"""Scales, in grey levels, of the Laplacians of which the likeliest is taken for steps up to SMALL."""
WIDER = (0.34, 0.4, 0.47, 0.55, 0.65)
"""Standard deviations that rounding errors may also have at a frequency: in blocks of few coefficients the errors of
neighbouring pixels are alike."""
NARROW = 2
"""Grey levels up to which an error is looked for. A frequency without any larger coefficient tells nothing: it shows
errors alone, whatever its step."""


def unclipped_blocks(luma: Luma) -> U8:
    """Distinct unclipped blocks that are not flat, uint8 (n, 64). The first pixel of ``luma`` is on the grid."""
    lattice = block_lattice(luma, 0, 0)
    pixels = lattice.pixels.reshape(-1, 64)[~lattice.clipped.reshape(-1)]
    pixels = pixels[(pixels != pixels[:, :1]).any(axis=1)]
    out: U8 = pixels[first_of_each(pixels)]
    return out


def rich(pixels: U8) -> U8:
    """Those of the blocks that are rich."""
    return pixels[is_rich(pixels)]


def is_rich(pixels: U8) -> Bool:
    """Which blocks vary along both axes, by RICH_SPAN levels and more: their rounding errors are white; bool (n,)."""
    span = pixels.max(axis=1, initial=0) - pixels.min(axis=1, initial=255)
    out: Bool = (span >= RICH_SPAN) & ~constant_along_an_axis(pixels)
    return out


def step_likelihoods(pixels: U8) -> F64:
    """Log-likelihood (natural logarithm) of each step 1..255 at each frequency, float64 (255, 64), row-major.

    ``pixels``: blocks as of :func:`rich`. A frequency that tells nothing has zeros.
    """
    counts = histogram((pixels.astype(np.float32) - 128) @ FORWARD)
    total, zeros = multiple_sums(counts)
    out = comb_evidence(counts, comb_table(SIGMA, OUTLIERS)) + laplacian(counts.sum(axis=1), zeros, total)
    end = bins_in_use(counts)
    small = counts[:, :end] @ _small_step_table()[:end].reshape(end, -1)
    out[:SMALL] = small.reshape(64, SMALL, len(SCALES)).max(axis=2).T
    out[SMALL - 1 :] += np.maximum((counts[:, : len(_gain_of_width())] @ _gain_of_width()).max(axis=1), 0)
    out[:, _quiet(counts)] = 0
    return np.asarray(out, np.float64)


def _quiet(counts: F32) -> Bool:
    """Frequencies without a coefficient of NARROW or more, bool (64,)."""
    quiet: Bool = counts[:, NARROW * BINS_PER_UNIT :].sum(axis=1) == 0
    return quiet


@lru_cache(maxsize=1)
def _gain_of_width() -> F32:
    """Log density of small errors under each width of WIDER, less that under SIGMA; float32 (bins, widths)."""
    error = np.arange(NARROW * BINS_PER_UNIT)[:, None] / BINS_PER_UNIT
    wider = np.array(WIDER)
    gain: F32 = (np.log(SIGMA / wider) - error**2 / 2 * (wider**-2 - SIGMA**-2)).astype(np.float32)
    return gain


@lru_cache(maxsize=1)
def _small_step_table() -> F32:
    """Log density of |c| of each bin for steps 1..SMALL and each Laplacian scale; float32 (BINS, SMALL, scales).

    The sum over the nearest multiples k of P(k) times the normal density of c - k step. With x = exp(-step / (2 b)):
    P(0) = 1 - x and P(k) = (1 / x - x) / 2 * x^(2 |k|), as for ``likelihood.laplacian``.
    """
    return np.concatenate([_small_step_rows(first) for first in range(0, BINS, BINS_AT_ONCE)])


def _small_step_rows(first: int) -> F32:
    """BINS_AT_ONCE rows of that table from ``first`` on."""
    value = np.arange(first, first + BINS_AT_ONCE)[:, None, None] / BINS_PER_UNIT
    step = np.arange(1, SMALL + 1)[:, None]
    x = np.exp(-step / (2 * SCALES))
    density = np.zeros((BINS_AT_ONCE, SMALL, len(SCALES)))
    for offset in range(-NEAREST, NEAREST + 1):
        multiple = np.rint(value / step) + offset
        normal = np.exp(-((value - multiple * step) ** 2) / (2 * SIGMA**2)) / (SIGMA * np.sqrt(2 * np.pi))
        share = np.where(multiple == 0, 1 - x, (1 / x - x) / 2 * x ** (2 * np.abs(multiple)))
        density += normal * share
    rows: F32 = np.log((1 - OUTLIERS) * density + OUTLIERS * SMALLEST_DENSITY).astype(np.float32)
    return rows


NEAREST = 2
"""Multiples on each side of the nearest one that are summed over."""
SMALLEST_DENSITY = 1e-4
"""Density of an outlier under a small step: a thousandth of a grey level."""
