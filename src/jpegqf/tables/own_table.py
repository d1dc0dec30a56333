"""A decoded component of a JPEG, and the table of its header -> whether these are the pixels that it gives."""

import numpy as np

from jpegqf.arrays import I64
from jpegqf.evidence.blocks import block_lattice
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.evidence.synthesis import agreement
from jpegqf.pixels.luma import Luma
from jpegqf.tables.reading import GIVEN_BACK, on_comb, share_expected
from jpegqf.tables.step_likelihood import FEWEST_BLOCKS as FEWEST_RICH
from jpegqf.tables.step_likelihood import rich_blocks

MOST_BLOCKS = 1024
"""Most blocks that are compared, evenly spread."""
FEWEST_BLOCKS = 4
"""Fewest blocks with something in them that tell anything."""


def is_what_it_gives(luma: Luma, table: I64, settings: EvidenceSettings) -> bool | None:
    """Whether the blocks come back when they are quantized with their own table, and coefficients are its multiples.

    ``luma``: the component as decoded, its first pixel on the grid. ``table``: its steps, int64 (8, 8), 1 and more.
    None where too few blocks have anything in them.
    """
    lattice = block_lattice(luma, 0, 0, MOST_BLOCKS)
    compared = int(np.count_nonzero(lattice.informative))
    if compared < FEWEST_BLOCKS:
        return None
    steps = table.reshape(64)
    returning = agreement(lattice, steps.astype(np.float32), settings.pixel_tolerance, settings.clip_rounds)
    if np.count_nonzero(returning) < GIVEN_BACK * share_expected(steps) * compared:
        return False
    pixels = rich_blocks(luma)
    return on_comb(steps, pixels) if len(pixels) >= FEWEST_RICH else True
