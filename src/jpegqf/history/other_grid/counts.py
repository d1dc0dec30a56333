"""Luma of a JPEG and its last table -> histograms of its DCT coefficients on all 64 grids, and the last save's blur.

All that :mod:`jpegqf.history.other_grid.evidence` needs of the pixels. The last save's rounding errors, one per
coefficient and independent, are spread by a change of grid over four blocks each, into a Gaussian whose variance per
frequency follows from the last table and the last coefficients.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8
from jpegqf.evidence.blocks import evenly_spread, sound_squares
from jpegqf.evidence.dct import BASIS
from jpegqf.history.same_grid.counts import multiples_of
from jpegqf.kernels.compiled import kernels
from jpegqf.pixels.grid import GRIDS, WINDOW
from jpegqf.pixels.luma import Luma

FEWEST_WINDOWS = 16
"""Fewest windows (squares of WINDOW pixels) for any evidence."""
SMALLEST_RANGE = 6
"""Grey levels that a window must span: flat ones decode to whole grey levels, which is a comb of its own in DC."""
BINS_PER_SIGMA = (1, 2)
"""Histogram bins per standard deviation of the blur, of DC and of other coefficients: DC's range is large."""
BLUR = 0.7
"""Factor on the computed standard deviation of the last save's errors.

Windows differ in it: the smooth ones, of the least error, show the comb best.
"""
PIXEL_VARIANCE = 0.25
"""Variance, squared grey levels, of rounding: by the first decoder (luma, RGB) and the second encoder and decoder."""


MOST_WINDOWS = 1024
"""Most windows that are used, evenly spaced over the image."""


BINS = (512, 256)
"""Bins of the magnitudes of DC, and of other coefficients; larger ones are left out."""
ALL_FREQUENCIES = 7
"""Most that the two indices of a frequency that is counted add up to: 36 frequencies."""


@dataclass(frozen=True)
class Windows:
    """The squares of an image that are used, and how the last save has blurred them.

    ``pixels``: uint8 (windows, WINDOW, WINDOW). ``table``, int64 (64,), row-major: the last table. ``variance``,
    float64 (64,): of the last save's errors in the coefficients of another grid, squared grey levels.
    """

    pixels: U8
    table: I64
    variance: F64


@dataclass(frozen=True)
class OtherGridCounts:
    """What is counted of an image on all grids.

    ``table``, int64 (64,), row-major: the last table. ``used``, int64 (frequencies,): the frequencies used, row-major
    indices, DC first. ``sigma`` and ``width``, float64 (frequencies,): standard deviation of the blur, and width of a
    bin, grey levels. ``histograms``: for each frequency float32 (bins, GRIDS), how often a coefficient's magnitude is
    in each bin, around multiples of its width, on each grid, the last save's first. ``windows``: number of windows.
    """

    table: I64
    used: I64
    sigma: F64
    width: F64
    histograms: list[F32]
    windows: int


def _placed() -> F32:
    """The DCT of the eight samples from each of eight offsets on, float32 (WINDOW, offset, frequency)."""
    out = np.zeros((WINDOW, 8, 8), np.float32)
    for offset in range(8):
        out[offset : offset + 8, offset] = BASIS.T
    return out


def _spread() -> F64:
    """Share of the error variance of one grid's frequency that another grid's gets, (frequency, from frequency).

    Along one axis, errors of the two blocks covered independent; mean over the seven other offsets.
    """
    total = np.zeros((8, 8))
    for offset in range(1, 8):
        here = BASIS[:, : 8 - offset] @ BASIS[:, offset:].T
        beside = BASIS[:, 8 - offset :] @ BASIS[:, :offset].T
        total += here**2 + beside**2
    return total / 7


PLACED, SPREAD = _placed(), _spread()


def _usable_windows(luma: Luma, most: int) -> U8:
    """Distinct windows that are neither clipped nor flat, evenly spaced, so many at most; uint8 (n, WINDOW, WINDOW)."""
    rows, columns = ((side - WINDOW) // 8 + 1 for side in luma.plane.shape)
    if rows < 1 or columns < 1:
        return np.zeros((0, WINDOW, WINDOW), np.uint8)
    count = min(rows * columns, 2 * most)
    row, column = np.divmod(np.arange(count) * (rows * columns) // count, columns)
    return evenly_spread(sound_squares(luma, 8 * row, 8 * column, WINDOW, SMALLEST_RANGE), most)


def _zeros(windows: U8, table: I64) -> F32:
    """How many of the blocks that windows begin with have a coefficient that rounds to zero, float32 (64,)."""
    compiled = kernels()
    if compiled is not None:
        return compiled.count_zeros(windows, BASIS.astype(np.float32), table.reshape(64))
    multiples = multiples_of(windows[:, :8, :8].reshape(-1, 64), table.reshape(64))
    out: F32 = np.count_nonzero(np.abs(multiples) < 0.5, axis=0).astype(np.float32)
    return out


def _error_variance(windows: U8, table: I64) -> F64:
    """Variance of the last save's rounding errors, per frequency of its grid, float64 (8, 8).

    A coefficient that was not rounded to zero has a uniform error; the others are their own error, a Laplacian's
    inside half a step, of the scale that follows from the share of zeros.
    """
    bound = 0.5 / len(windows)
    zeros = np.clip(_zeros(windows, table) / np.float64(len(windows)), bound, 1 - bound).reshape(8, 8)
    ratio = -np.log1p(-zeros)  # half a step over the Laplacian's scale
    inside = (2 - (ratio**2 + 2 * ratio + 2) * np.exp(-ratio)) / (ratio**2 * zeros) * table**2 / 4
    out: F64 = zeros * np.minimum(inside, table**2 / 12) + (1 - zeros) * table**2 / 12
    return out


def _histograms(windows: U8, widths: F64, frequencies: list[tuple[int, int]]) -> list[F32]:
    """Counts of |coefficient| in bins ``widths`` (frequencies,) wide, on each grid: float32 (bins, GRIDS) each.

    ``frequencies``: vertical and horizontal index of each.
    """
    compiled, bins = kernels(), [BINS[v + u > 0] for v, u in frequencies]
    if compiled is not None:
        return compiled.grid_histograms(windows, BASIS.astype(np.float32), frequencies, bins, widths)
    pixels: F32 = windows.reshape(-1, WINDOW).astype(np.float32) - np.float32(128)
    shape = (len(windows), WINDOW, 8)
    filtered = {
        u: (pixels @ PLACED[:, :, u]).reshape(shape).swapaxes(1, 2).reshape(-1, WINDOW)
        for u in {u for _, u in frequencies}
    }
    return [
        _histogram(filtered[u], np.asarray(PLACED[:, :, v] / width, np.float32), most)
        for (v, u), width, most in zip(frequencies, widths, bins, strict=True)
    ]


def _histogram(filtered: F32, placed: F32, bins: int) -> F32:
    """Counts of |coefficient| in ``bins`` bins on each grid, float32 (bins, GRIDS).

    ``filtered``, float32 (windows * 8, WINDOW): the horizontal part of the DCT at each column offset. ``placed``,
    float32 (WINDOW, 8): the vertical part at each row offset, over the width of a bin.
    """
    grid = np.arange(8)[:, None] + 8 * np.arange(8)
    size = np.minimum(np.abs(filtered @ placed).reshape(-1, 8, 8), bins)
    place = (size + np.float32(0.5)).astype(np.intp) * GRIDS + grid
    counts = np.bincount(place.ravel(), minlength=GRIDS * (bins + 1))
    return counts.reshape(bins + 1, GRIDS)[:bins].astype(np.float32)


def windows_of(luma: Luma, last_table: I64) -> Windows | None:
    """What is used of an image; None if that is too little.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency.
    """
    pixels = _usable_windows(luma, MOST_WINDOWS)
    if len(pixels) < FEWEST_WINDOWS:
        return None
    variance = SPREAD @ _error_variance(pixels, last_table.astype(np.int64)) @ SPREAD.T
    return Windows(pixels, last_table.astype(np.int64).reshape(64), variance.reshape(64))


def count_other_grids(
    windows: Windows | None, index_sum: int = ALL_FREQUENCIES, counted: OtherGridCounts | None = None
) -> OtherGridCounts | None:
    """Count an image's coefficients; None without windows.

    Frequencies are counted whose vertical and horizontal index add up to at most ``index_sum``; those that were
    ``counted`` before, of the same windows, are not counted again and stay the first.
    """
    if windows is None:
        return None
    before = [] if counted is None else counted.used.tolist()
    indices = range(index_sum + 1)
    new = [(v, u) for v in indices for u in indices if v + u <= index_sum and 8 * v + u not in before]
    used = np.array([8 * v + u for v, u in new], np.int64)
    sigma = np.sqrt(BLUR**2 * windows.variance[used] + PIXEL_VARIANCE)
    width = sigma / np.where(used == 0, *BINS_PER_SIGMA)
    histograms = _histograms(windows.pixels, width, new)
    if counted is not None:
        used, sigma = np.concatenate([counted.used, used]), np.concatenate([counted.sigma, sigma])
        width, histograms = np.concatenate([counted.width, width]), counted.histograms + histograms
    return OtherGridCounts(windows.table, used, sigma, width, histograms, len(windows.pixels))
