"""A decoded component of a JPEG, and the table of its header -> whether these are the pixels that it gives."""

import numpy as np

from jpegqf.arrays import I64, Bool
from jpegqf.evidence.blocks import BlockLattice, block_lattice, first_of_each
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.evidence.synthesis import clipped_given_back, given_back
from jpegqf.pixels.luma import Luma
from jpegqf.tables.check import share_expected

MOST_BLOCKS = 1024
"""Most blocks that are compared, evenly spread."""
FEWEST_BLOCKS = 4
"""Fewest different blocks that tell anything."""
GIVEN_BACK, CLIPPED_GIVEN_BACK = 0.75, 0.5
"""Least shares of the blocks that should come back which must do so: of unclipped ones, and of clipped ones where there
are no others. Measured on training scenes saved with tables of the wild: 0.8 to 1, and 0.17 to 1. Under a table that is
not theirs at most 0.03 come back."""


def is_what_it_gives(luma: Luma, table: I64, settings: EvidenceSettings) -> bool | None:
    """Whether blocks come back when they are quantized with their own table and transformed back.

    ``luma``: the component as decoded, its first pixel on the grid. ``table``: its steps, int64 (8, 8), 1 and more.
    None where the image has too few different blocks.
    """
    lattice = block_lattice(luma, 0, 0, MOST_BLOCKS)
    kept = first_of_each(lattice.pixels.reshape(-1, 64))
    if len(kept) < FEWEST_BLOCKS:
        return None
    pixels, (low, high) = lattice.pixels.reshape(-1, 64)[kept], _marks(lattice, kept)
    steps, tolerance, clipped = table.reshape(64).astype(np.float32), settings.pixel_tolerance, (low | high).any(axis=1)
    expected = share_expected(table.reshape(64))
    if np.count_nonzero(~clipped) >= FEWEST_BLOCKS:
        return bool(given_back(pixels[~clipped], steps[None], tolerance).mean() >= GIVEN_BACK * expected)
    returning = clipped_given_back(pixels, low, high, steps, settings.clip_rounds, tolerance)
    return bool(returning.mean() >= CLIPPED_GIVEN_BACK * expected) or None


def _marks(lattice: BlockLattice, kept: I64) -> tuple[Bool, Bool]:
    """Marks of clipped pixels of the blocks that are kept, bool (n, 64): raised, and lowered."""
    return lattice.low.reshape(-1, 64)[kept], lattice.high.reshape(-1, 64)[kept]
