"""Luma -> where its 8x8 JPEG grid most likely starts, and whether the image was turned: likelihood alone, no model.

On the grid of the last save the coefficients sit on multiples of their steps and many are zero; on the 63
others they do not. So the likelihood of the best candidate table is taken on every grid, over the same
pixels, and the grids are ranked by it. Turning an image by 90 degrees transposes its quantization table.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.blocks import FORWARD
from jpegqf.decode import Luma
from jpegqf.features import STEP_INDEX, TURNED_INDEX, EvidenceSettings
from jpegqf.likelihood import comb_evidence, comb_table, histogram, multiples, zero_inflated

MOST_PATCHES = 6
MOST_WINDOWS = 512
"""Blocks looked at on each grid: with fewer the ranking suffers, with more only the time grows."""
FEWEST_WINDOWS = 64
"""Where fewer windows are unclipped, this many of the least clipped are looked at."""
BEYOND = 7.0
"""Natural logarithm of the values that a larger coefficient may take: none is likelier than another."""
BASELINE = 0.5
"""Share of a smooth density's own log-likelihood that is taken off: grids cover slightly different pixels, and without
it the grid of the flattest pixels wins; with all of it, zeros would not speak for a grid (measured: 0, 0.5, 0.8, 1)."""
WINDOW = 15
"""Pixels of a side that hold a block of each of the 64 grids."""
BINS = 256
"""Coefficients up to 64 grey levels: larger ones are rare and tell little of where the grid is."""


@dataclass(frozen=True)
class Grid:
    """``x``, ``y``: column and row of the first grid line, pixels 0..7; ``turned``: rows and columns changed places."""

    x: int
    y: int
    turned: bool = False

    def place(self, luma: Luma) -> Luma:
        """The image from the first whole block on, turned back: its first pixel is on the grid."""
        height, width = luma.plane.shape
        placed = luma.crop(self.y, self.x, height - self.y, width - self.x)
        return placed.transposed() if self.turned else placed


ALIGNED = Grid(0, 0)
GRIDS_ASKED = 4
"""Likeliest grids that the model is asked about: both orientations of the two best, mostly."""


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
    spread = np.linspace(0, len(sound) - 1, min(len(sound), MOST_WINDOWS)).astype(int)
    out: NDArray[np.uint8] = pixels[sound[spread]]
    return out


def _best_likelihoods(blocks: NDArray[np.uint8], settings: EvidenceSettings) -> tuple[float, float]:
    """Log-likelihood per block of the best candidate table, upright and turned, DC left out; blocks (n, 64)."""
    counts = histogram((blocks.astype(np.float32) - 128) @ FORWARD, BINS + 1)
    low, beyond = counts[:, :BINS], counts[:, BINS]
    total, zeros = multiples(low)
    comb = comb_evidence(low, comb_table(settings.noise_sigma, settings.outlier_mass))
    shape = zero_inflated(low.sum(axis=1), zeros, total)
    each = shape + comb - BASELINE * shape[0] - (1 - BASELINE) * BEYOND * beyond
    upright, turned = (each[index, np.arange(64)][:, 1:].sum(axis=1).max() for index in (STEP_INDEX, TURNED_INDEX))
    return float(upright), float(turned)


def ranked_grids(patches: list[Luma], settings: EvidenceSettings) -> list[tuple[float, Grid]]:
    """All 64 grids in both orientations with their scores, best first; empty if there is nothing to go by.

    ``patches`` are pieces of one image whose first pixels are a multiple of 8 pixels apart. A score is a log
    likelihood less a constant; among equal ones the upright grid and the first in raster order leads.
    """
    asked = [patch for patch in patches if min(patch.plane.shape) >= WINDOW]
    asked = asked[:: max(1, -(-len(asked) // MOST_PATCHES))]
    windows = _windows(asked) if asked else np.empty((0, WINDOW, WINDOW), np.uint8)
    if not len(windows):
        return []
    scored = []
    for y, x in np.ndindex(8, 8):
        blocks = windows[:, y : y + 8, x : x + 8].reshape(-1, 64)
        likelihoods = _best_likelihoods(blocks, settings)
        scored += [(value, Grid(x, y, turned)) for value, turned in zip(likelihoods, (False, True), strict=True)]
    return sorted(scored, key=lambda pair: -pair[0])
