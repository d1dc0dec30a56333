"""Luma -> where its 8x8 JPEG grid most likely starts, and whether the image was turned; by likelihood, no network.

On the grid of the last save the coefficients sit on multiples of their steps and many are zero; on the 63
others they do not. So the likelihood of the best candidate table is taken on every grid, over the same
pixels, and the grids are ranked by it. Turning an image by 90 degrees transposes its quantization table.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32
from jpegqf.evidence.blocks import evenly_spread
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.likelihood import bin_multiples, bins_in_use, comb_table, histogram, zero_inflated
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.jpeg.ijg import CANDIDATES, STEP_INDEX, TURNED_INDEX
from jpegqf.pixels.grid import GRIDS, WINDOW, Grid
from jpegqf.pixels.luma import Luma

MOST_PATCHES = 6
"""Most patches of an image used, evenly spread."""
MOST_WINDOWS = 512
"""Most windows used, one block of each grid in each: fewer make the ranking worse, more only cost time."""
FEWEST_WINDOWS = 64
"""Fewest windows used: where fewer are unclipped, this many of the least clipped."""
BEYOND = 7.0
"""Cost (natural logarithm) of a coefficient beyond the bins: uniform over the values that it may take."""
BASELINE = 0.5
"""Share of a smooth density's own log-likelihood that is taken off: grids cover slightly different pixels, and without
it the grid of the flattest pixels wins; with all of it, zeros would not speak for a grid (measured: 0, 0.5, 0.8, 1)."""
GRID_BINS = 256
"""Bins of the histograms: coefficients up to 64 grey levels. Larger ones are rare and say little about the grid."""
GRIDS_TRIED = 4
"""Number of likeliest grids that the network scores: mostly both orientations of the two best."""


def _windows(patches: list[Luma]) -> NDArray[np.uint8]:
    """Windows (n, 15, 15) that hold a block of each grid: not flat, the least clipped, evenly spread.

    The grids are compared over the same windows: a choice of blocks on each grid would favour some grids.
    """
    views = [np.lib.stride_tricks.sliding_window_view(p.plane, (WINDOW, WINDOW))[::8, ::8] for p in patches]
    marks = [np.lib.stride_tricks.sliding_window_view(p.clipped(), (WINDOW, WINDOW))[::8, ::8] for p in patches]
    pixels = np.concatenate([view.reshape(-1, WINDOW, WINDOW) for view in views])
    clipped = np.concatenate([mark.sum(axis=(2, 3)).reshape(-1) for mark in marks])
    kept = np.flatnonzero(pixels.min(axis=(1, 2)) != pixels.max(axis=(1, 2)))
    sound = kept[clipped[kept] == 0]
    if len(sound) < FEWEST_WINDOWS:
        sound = kept[np.argsort(clipped[kept], kind="stable")[:FEWEST_WINDOWS]]
    out: NDArray[np.uint8] = pixels[evenly_spread(sound, MOST_WINDOWS)]
    return out


@dataclass(frozen=True)
class _Steps:
    """The distinct steps, ascending, that the candidate tables have at one frequency."""

    index: NDArray[np.intp]
    """Each step less 1."""
    zeros: NDArray[np.intp]
    """Last bin of the multiple 0."""
    candidates: NDArray[np.intp]
    """Which of the steps each candidate has, upright and turned, (2, 100)."""


@lru_cache(maxsize=63)
def _steps(frequency: int) -> _Steps:
    index = np.stack([STEP_INDEX[:, frequency], TURNED_INDEX[:, frequency]])
    steps, candidates = np.unique(index, return_inverse=True)
    zeros = np.count_nonzero(_multiples()[steps] == 0, axis=1) - 1
    return _Steps(steps, zeros, candidates.reshape(index.shape))


@lru_cache(maxsize=1)
def _multiples() -> F32:
    """Multiple of each step 1..255 to which the values of each bin round, float32 (255, GRID_BINS)."""
    return np.ascontiguousarray(bin_multiples(GRID_BINS).T.astype(np.float32))


def _counts(windows: NDArray[np.uint8]) -> F32:
    """Histograms of all frequencies on all grids, in raster order: float32 (64, GRIDS, GRID_BINS + 1)."""
    out = np.empty((64, GRIDS, GRID_BINS + 1), np.float32)
    for grid, (y, x) in enumerate(np.ndindex(8, 8)):
        blocks = windows[:, y : y + 8, x : x + 8].reshape(-1, 64)
        out[:, grid] = histogram((blocks.astype(np.float32) - 128) @ FORWARD, GRID_BINS + 1)
    return out


def _best_likelihoods(windows: NDArray[np.uint8], settings: EvidenceSettings) -> F32:
    """Log-likelihood of the best candidate table on each grid, upright and turned, DC left out: float32 (2, GRIDS)."""
    scores = np.zeros((2, CANDIDATES, GRIDS), np.float32)
    comb_of_steps = np.ascontiguousarray(comb_table(settings.noise_sigma, settings.outlier_mass)[:GRID_BINS].T)
    for frequency, counts in enumerate(_counts(windows)[1:], 1):
        steps = _steps(frequency)
        below = counts[:, :GRID_BINS].cumsum(axis=1)
        end = bins_in_use(counts[:, :GRID_BINS])
        total, comb = (counts[:, :end] @ table[steps.index, :end].T for table in (_multiples(), comb_of_steps))
        shape = zero_inflated(below[:, -1:], below[:, steps.zeros], total)
        each = shape + comb - BASELINE * shape[:, :1] - (1 - BASELINE) * BEYOND * counts[:, GRID_BINS:]
        scores += each.T[steps.candidates]
    out: F32 = scores.max(axis=1)
    return out


def ranked_grids(patches: list[Luma], settings: EvidenceSettings) -> list[tuple[float, Grid]]:
    """All 64 grids in both orientations with their scores, best first; empty if all windows are flat.

    ``patches`` are pieces of one image whose first pixels are a multiple of 8 pixels apart. A score is a log
    likelihood less a constant; among equal ones the upright grid and the first in raster order leads.
    """
    asked = [patch for patch in patches if min(patch.shape) >= WINDOW]
    asked = asked[:: max(1, -(-len(asked) // MOST_PATCHES))]
    windows = _windows(asked) if asked else np.empty((0, WINDOW, WINDOW), np.uint8)
    if not len(windows):
        return []
    scores = _best_likelihoods(windows, settings)
    scored = [(float(scores[turned, 8 * y + x]), Grid(x, y, bool(turned))) for y, x, turned in np.ndindex(8, 8, 2)]
    return sorted(scored, key=lambda pair: -pair[0])
