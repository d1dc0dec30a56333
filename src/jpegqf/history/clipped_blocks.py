"""Blocks with clipped pixels -> an earlier save on the same grid: of text on white pages, where few others are left.

What the decoder clipped to 0 or 255 is lost, so the coefficients of these blocks are no multiples of any step, and
:mod:`jpegqf.history.same_grid` leaves them out. But a block that was saved before at step q1 still comes back nearly
unchanged when it is saved again at q1, clipped pixels free to lie beyond (Farid, "Exposing digital forgeries from JPEG
ghosts", IEEE TIFS 2009). Each IJG quality is tried: without an earlier save the error falls smoothly as the quality
rises; at an earlier save's quality it has a notch.
"""

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8
from jpegqf.evidence.blocks import cut_blocks, evenly_spread, first_of_each
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.synthesis import synthesized, whole_levels
from jpegqf.history.classifier import EARLIER_SAVE_SEEN, History
from jpegqf.history.first_tables import coarser_ijg_tables, first_tables
from jpegqf.history.naming import TableEvidence, likely_first_table
from jpegqf.jpeg.ijg import MAX_STEP
from jpegqf.pixels.luma import Luma

FEWEST_BLOCKS, MOST_BLOCKS = 24, 150
"""Fewest distinct blocks that tell anything, and the most that are used."""
SMALLEST_RANGE = 40
"""Grey levels that a block must span: flat blocks come back at any quality."""
ROUNDS = 3
"""How often clipped pixels are set to what the last try gave them, and the block is quantized again."""
SMALLEST_ERROR = 0.3
"""Squared grey levels added to a block's mean error: rounding of pixels."""
BESIDE = 3
"""Distance, in qualities, of those that a quality is compared with."""
DEPTH, SOFTNESS = 0.08, 0.012
"""Depth of a notch, in log error, at which an earlier save is as likely as not; and depth that makes it e times so.

Of 200 pages of text saved once none had a notch deeper than 0.017, of 200 saved twice none a shallower one than 0.117.
"""
BELOW = 0.8
"""Share of the depth beside a quality that counts for it if it is that of the next one: notches lie there as often."""
SHALLOWEST, SHARPNESS = 0.01, 1.5
"""Depth, as a share of the deepest, added to all; and the power of it that a quality's likelihood is taken as.

A second notch lies where steps are whole multiples of the last ones. With these, 96 % of 95 % intervals hold the truth.
"""


def earlier_save_of_clipped_blocks(luma: Luma, last_table: I64, even: bool = False) -> History:
    """Whether the blocks with clipped pixels were saved before at a lower quality; all None where they do not show it.

    ``last_table`` is the luma quantization table in force, int (8, 8), row = vertical frequency. ``even``: as in
    :func:`jpegqf.history.naming.likely_first_table`.
    """
    table = last_table.astype(np.int64).reshape(64)
    ijg = coarser_ijg_tables(table)
    blocks = _clipped_blocks(luma)
    if len(blocks) < FEWEST_BLOCKS or len(ijg) <= 2 * BESIDE:
        return History(None)
    depths = _depths(blocks, first_tables().steps[ijg], table)
    probability = float(1 / (1 + np.exp(-(depths.max() - DEPTH) / SOFTNESS)))
    if probability < EARLIER_SAVE_SEEN:
        return History(None)
    around = np.maximum(depths, 0)
    around[1:-1] += BELOW * around[2:] + (1 - BELOW) * around[:-2]
    total = SHARPNESS * np.log(around / around.max() + SHALLOWEST)
    evidence = TableEvidence(ijg, total, np.zeros((0, MAX_STEP + 1)), np.zeros(0, np.int64))
    return History(probability, likely_first_table(evidence, trust=1, even=even), (0, 0))


def _clipped_blocks(luma: Luma) -> U8:
    """Distinct blocks with clipped pixels, uint8 (blocks, 64), MOST_BLOCKS at most."""
    cut = cut_blocks([luma])
    pixels = cut.pixels[(cut.low | cut.high).any(axis=1)]
    pixels = pixels[pixels.max(axis=1) >= pixels.min(axis=1).astype(np.int64) + SMALLEST_RANGE]
    return evenly_spread(pixels[first_of_each(pixels)], MOST_BLOCKS)


def _depths(blocks: U8, tables: I64, last_table: I64) -> F64:
    """How far below those beside it each quality's log error is, float64 (qualities,); 0 at the ends of the scale.

    ``tables``: int64 (qualities, 64), of consecutive qualities.
    """
    pixels = blocks.astype(np.float32) - 128
    errors = np.array([_log_error(pixels, steps.astype(np.float32), last_table.astype(np.float32)) for steps in tables])
    depths = np.zeros(len(errors))
    depths[BESIDE:-BESIDE] = np.minimum(errors[: -2 * BESIDE], errors[2 * BESIDE :]) - errors[BESIDE:-BESIDE]
    return depths


def _log_error(pixels: F32, steps: F32, last: F32) -> float:
    """Mean over blocks of the log mean squared error after a save with these steps and one with the ``last``."""
    low, high = pixels <= -128, pixels >= 127
    filled = pixels
    for _ in range(ROUNDS):
        saved = synthesized(filled @ FORWARD, steps)
        filled = np.where(high, np.maximum(saved, 127), np.where(low, np.minimum(saved, -128), pixels))
    again = whole_levels(synthesized(whole_levels(saved) @ FORWARD, last))
    return float(np.log(((again - pixels) ** 2).mean(axis=1) + SMALLEST_ERROR).mean())
