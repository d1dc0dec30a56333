"""A table and blocks -> whether these are the pixels that a save with this table left."""

import numpy as np

from jpegqf.arrays import I64, U8
from jpegqf.evidence.blocks import evenly_spread
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.synthesis import given_back
from jpegqf.tables.step_likelihood import SIGMA

SYNTHESIZED, TOLERANCE, GIVEN_BACK = 256, 0.56, 0.95
"""Blocks by which a table is checked, the largest error of a pixel that comes back, in grey levels (see
``evidence.settings.EvidenceSettings.pixel_tolerance``), and how many of the blocks that should come back must do so."""
ROUNDED_RIGHT = {1: 0.9167, 2: 0.9995}
"""Probability that a coefficient is nearest to its own multiple, for steps of 1 and 2: that the rounding error, normal
with variance 1/12, is less than half a step. For larger steps it is 1."""
TOGETHER = 1.5
"""Power of the share of blocks that should come back: coefficients of step 1 that are rounded wrong are more than
expected in blocks of few coefficients, whose rounding errors are alike."""
ON_THE_COMB = 0.97
"""Least share of the regularity that multiples of a step show under rounding errors alone. Measured on training scenes:
with the right table 0.975 and more; where an image was edited, saved twice or decoded by a fast transform, below 0.97
in 95 % of the images. Two standard errors are let pass, at 0.5 for a single cosine."""


def share_expected(table: I64) -> float:
    """Share of blocks in which all coefficients are nearest to their own multiples, under 64 steps."""
    return float(np.prod([ROUNDED_RIGHT.get(int(step), 1.0) for step in table]))


def explains(table: I64, pixels: U8) -> bool:
    """Whether the pixels are those that a save with this table left: blocks come back, coefficients are multiples."""
    returning = given_back(evenly_spread(pixels, SYNTHESIZED), table[None].astype(np.float32), TOLERANCE).mean()
    return bool(returning >= GIVEN_BACK * share_expected(table) ** TOGETHER) and on_comb(table, pixels)


def on_comb(table: I64, pixels: U8) -> bool:
    """Whether coefficients of unclipped blocks (n, 64) are as near to multiples of 64 steps as rounding leaves them.

    The mean of cos(2 pi c / step) over coefficients c that are not nearest to 0, against that under an error of
    variance 1/12: exp(-2 pi^2 / (12 step^2)). False if all are nearest to 0.
    """
    steps = table.astype(np.float32)
    places = ((evenly_spread(pixels, SYNTHESIZED).astype(np.float32) - 128) @ FORWARD / steps)[:, 1:]
    multiple = np.rint(places) != 0
    regular = np.exp(-2 * np.pi**2 * SIGMA**2 / steps[1:] ** 2)
    wanted, seen = (multiple * regular).sum(), np.cos(2 * np.pi * places)[multiple].sum()
    return bool(wanted > 0 and seen >= ON_THE_COMB * wanted - np.sqrt(np.count_nonzero(multiple)))
